import type { GroupId, JournalSeq, NodeId, Now, Position, StartId, Ticks } from "../core/index.ts";
import type { ReplicaPort } from "./replica-port.ts";
import type { Snapshot } from "./seam.ts";
import { type ChunkTaken, OutgoingTransfer } from "./streaming.ts";
import { FrameKind } from "./wire.ts";

/** How a transfer ended. */
export interface TransferEnd {
  readonly to: NodeId;
  readonly at: Position;
  readonly ok: boolean;
}

const NONE: readonly TransferEnd[] = [];

/** The snapshots that a leader streams to its members, one to each at a time. */
export class Transfers {
  readonly #group: GroupId;
  readonly #start: StartId;
  readonly #port: ReplicaPort;
  readonly #snapshot: () => Snapshot;
  readonly #transfers = new Map<NodeId, OutgoingTransfer>();

  constructor(group: GroupId, start: StartId, port: ReplicaPort, snapshot: () => Snapshot) {
    this.#group = group;
    this.#start = start;
    this.#port = port;
    this.#snapshot = snapshot;
  }

  isServing(peer: NodeId): boolean {
    return this.#transfers.has(peer);
  }

  get wakeAt(): Ticks | null {
    let least: Ticks | null = null;
    if (this.#transfers.size === 0) return least;
    for (const { wakeAt } of this.#transfers.values())
      if (least === null || wakeAt < least) least = wakeAt;
    return least;
  }

  begin(to: NodeId, now: Now): void {
    this.#transfers.get(to)?.release();
    const transfer = new OutgoingTransfer(
      { start: this.#start, count: this.#port.nextId() },
      to,
      this.#snapshot(),
      now.ticks,
    );
    this.#transfers.set(to, transfer);
    this.#port.note("info", "snapshot to peer", {
      group: this.#group,
      to,
      index: transfer.at.index,
    });
  }

  /** The receiver answered; how the transfer ended, if that ended it. */
  taken(from: NodeId, reply: ChunkTaken, now: Now): TransferEnd | null {
    const transfer = this.#transfers.get(from);
    const ended = transfer?.taken(reply, now.ticks) ?? null;
    return transfer === undefined || ended === null ? null : this.#end(transfer, ended);
  }

  /** The receiver may have lost what it had taken: how the transfer to it ended, if there was one. */
  abort(peer: NodeId): TransferEnd | null {
    const transfer = this.#transfers.get(peer);
    return transfer === undefined ? null : this.#end(transfer, false);
  }

  /** Sends what the receivers have room for; those given up. */
  stream(now: Now): readonly TransferEnd[] {
    if (this.#transfers.size === 0) return NONE;
    const hopeless: TransferEnd[] = [];
    for (const transfer of this.#transfers.values()) {
      for (const chunk of transfer.chunks(now.ticks)) {
        this.#port.send(transfer.to, "bulk", this.#group, FrameKind.chunk, chunk, 0 as JournalSeq);
      }
      if (transfer.isHopeless(now.ticks)) hopeless.push(this.#end(transfer, false));
    }
    return hopeless;
  }

  /** This replica leads no more: whoever does will stream, if that is still needed. */
  drop(): void {
    for (const transfer of this.#transfers.values()) transfer.release();
    this.#transfers.clear();
  }

  #end(transfer: OutgoingTransfer, ok: boolean): TransferEnd {
    this.#transfers.delete(transfer.to);
    transfer.release();
    return { to: transfer.to, at: transfer.at, ok };
  }
}
