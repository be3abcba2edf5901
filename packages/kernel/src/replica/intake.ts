import type {
  Bytes,
  GroupId,
  Input,
  JournalSeq,
  LogIndex,
  LogState,
  Machine,
  NodeId,
  Position,
} from "../core/index.ts";
import { Applier } from "./applier.ts";
import { Installation, type Received } from "./installation.ts";
import type { ReplicaPort } from "./replica-port.ts";
import type { ReplicaRules } from "./rules.ts";
import type { Identity, Snapshot } from "./seam.ts";
import { ReplicaSnapshot } from "./snapshot.ts";
import { FrameKind } from "./wire.ts";

/** What the intake of a snapshot changes in its replica. */
export interface IntakeHost {
  readonly group: GroupId;
  readonly identity: Identity;
  readonly rules: ReplicaRules;
  readonly create: (profile: string) => Machine | null;
  readonly state: () => LogState;
  readonly wants: (at: Position) => boolean;
  /** The protocol's own word for the new checkpoint: a sender's would be another replica's. */
  readonly meta: () => Bytes;
  readonly deviates: () => boolean;
  readonly checkpointing: () => boolean;
  readonly input: (input: Input<unknown>) => void;
  readonly checkpoint: (snapshot: Snapshot, covers: JournalSeq) => void;
  /** The protocol's last record: an answer that promises it waits for it. */
  readonly lastPersist: () => JournalSeq;
  /** The log that the machine was fed from is void too. */
  readonly installed: (applier: Applier, covers: JournalSeq) => void;
  /** Only the machine was wrong; the log goes on. */
  readonly rebuilt: (applier: Applier) => void;
}

/** Takes snapshots in: from the first chunk to the machine that replaces the old one. */
export class Intake {
  readonly #host: IntakeHost;
  readonly #port: ReplicaPort;
  readonly #installation: Installation;
  /** Its checkpoint is written once the protocol has heard of it, and what it undoes is on the disk elsewhere. */
  #unwritten: { readonly snapshot: Snapshot; readonly covers: JournalSeq } | null = null;

  constructor(host: IntakeHost, port: ReplicaPort) {
    this.#host = host;
    this.#port = port;
    this.#installation = new Installation(host.create);
  }

  /** A checkpoint of a received snapshot is being written. */
  get busy(): boolean {
    return this.#installation.busy;
  }

  chunk(from: NodeId, bytes: Bytes): void {
    const taken = this.#installation.take(from, bytes);
    if (taken === null) return;
    if (taken.type === "Whole") this.#install(from);
    else this.#send(from, taken.bytes, 0 as JournalSeq);
  }

  /** The protocol has taken in that a snapshot is being installed: now its checkpoint may take the place of what is there. */
  writeOut(): void {
    if (this.#unwritten === null) return;
    const { snapshot, covers } = this.#unwritten;
    this.#unwritten = null;
    this.#host.checkpoint(snapshot, covers);
  }

  /** True for the checkpoint of a received snapshot: it replaces log and machine now, or never will. */
  checkpointed(covers: JournalSeq, ok: boolean): boolean {
    const awaited = this.#installation.checkpointed(covers, ok);
    if (awaited === null) return false;
    this.#finish(awaited.from, ok);
    return true;
  }

  /**
   * A whole snapshot is here. Behind it: it replaces log and machine, once its own checkpoint is durable. Not behind it:
   * only a deviating machine is replaced, and catches up from the log.
   */
  #install(from: NodeId): void {
    const { received } = this.#installation;
    const { log, lastApplied } = this.#host.state();
    if (received === null) return this.#answer(from, "failed");
    const { at } = received.header;
    if (this.#host.wants(at)) {
      // One checkpoint of a group at a time: the leader streams again, and by then the other is written.
      if (this.#host.checkpointing()) return this.#answer(from, "failed");
      this.#host.input({ type: "Installing", at });
      const covers = this.#port.lastSeq();
      const header = { ...received.header, meta: this.#host.meta() };
      this.#installation.awaitCheckpoint(covers, from);
      this.#unwritten = { snapshot: new ReplicaSnapshot(header, received.machine.fork()), covers };
      return;
    }
    if (this.#host.deviates() && at.index >= log.base.index && at.index <= lastApplied)
      this.#rebuild(received, lastApplied);
    this.#installation.end();
    this.#answer(from, "installed");
  }

  #rebuild(received: Received, upTo: LogIndex): void {
    const applier = this.#applierOf(received);
    applier.apply(this.#host.state().log.slice(received.header.at.index, upTo), SILENT);
    this.#host.rebuilt(applier);
  }

  #finish(from: NodeId, ok: boolean): void {
    const { received } = this.#installation;
    this.#installation.end();
    if (!ok || received === null) {
      this.#port.note("error", "snapshot not installed", { group: this.#host.group });
      this.#answer(from, "failed");
      return;
    }
    const { at, config } = received.header;
    this.#host.installed(this.#applierOf(received), this.#installation.covers);
    this.#host.input({ type: "Installed", at, config });
    this.#port.note("info", "snapshot installed", { group: this.#host.group, index: at.index });
    this.#answer(from, "installed");
  }

  #applierOf({ header, machine, sessions }: Received): Applier {
    const { identity, rules } = this.#host;
    const { time, leasedTicks } = header;
    return new Applier(identity, machine, sessions, header.at.index, time, leasedTicks, rules);
  }

  #answer(from: NodeId, state: "installed" | "failed"): void {
    this.#send(from, this.#installation.reply(state), this.#host.lastPersist());
  }

  #send(to: NodeId, bytes: Bytes, after: JournalSeq): void {
    this.#port.send(to, "control", this.#host.group, FrameKind.chunkTaken, bytes, after);
  }
}

/** Entries applied again to catch up have been answered long ago. */
const SILENT = { outcome: () => {}, mark: () => {}, check: () => {} };
