import {
  type Bytes,
  concat,
  decoded,
  Malformed,
  type NodeId,
  type Position,
  Reader,
  type StartId,
  type Ticks,
  Writer,
} from "../core/index.ts";
import type { Snapshot } from "./seam.ts";

/** Snapshot bytes of one chunk, about. */
export const CHUNK_BYTES = 64 * 1024;
/** Chunks under way to one receiver: a transfer never holds more than this in memory beside the fork. */
export const CHUNKS_IN_FLIGHT_MAX = 16;
/** Without a sign of progress the unanswered chunks are sent again. */
export const CHUNK_RETRY_TICKS = 1000;
/** Without a sign of progress for so long the transfer is given up: the receiver is gone, or its disk hangs. */
export const TRANSFER_PATIENCE_TICKS = 60_000;

export interface TransferId {
  readonly start: StartId;
  readonly count: number;
}

export const sameTransfer = (a: TransferId | null, b: TransferId): boolean =>
  a !== null && a.start === b.start && a.count === b.count;

export interface Chunk {
  /**
   * Tells this transfer from earlier ones between the same two nodes: the sender's life, and its count in that life. By the
   * count alone a sender that restarted was told "installed" of a snapshot that it had sent before (seed 1947).
   */
  readonly transfer: TransferId;
  readonly number: number;
  readonly last: boolean;
  readonly bytes: Bytes;
}

export const encodeChunk = (c: Chunk): Bytes =>
  writeTransfer(new Writer(32 + c.bytes.length), c.transfer)
    .u32(c.number)
    .u8(Number(c.last))
    .raw(c.bytes)
    .take();

export const decodeChunk = (bytes: Bytes): Chunk | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    return { transfer: readTransfer(r), number: r.u32(), last: r.u8() === 1, bytes: r.raw(r.left) };
  });

export interface ChunkTaken {
  readonly transfer: TransferId;
  /** All chunks below this number have been taken. */
  readonly next: number;
  readonly state: "taking" | "installed" | "failed";
}

const STATES = ["taking", "installed", "failed"] as const;

export const encodeChunkTaken = (t: ChunkTaken): Bytes =>
  writeTransfer(new Writer(24), t.transfer).u32(t.next).u8(STATES.indexOf(t.state)).take();

export const decodeChunkTaken = (bytes: Bytes): ChunkTaken | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const [transfer, next, state] = [readTransfer(r), r.u32(), STATES[r.u8()]];
    if (state === undefined) throw new Malformed("no such state of a transfer");
    return { transfer, next, state };
  });

const writeTransfer = (w: Writer, { start, count }: TransferId): Writer => w.u64(start).uint(count);

function readTransfer(r: Reader): TransferId {
  const start = r.u64();
  if (start >= 1n << 63n) throw new Malformed("a start id has 63 bits");
  return { start: start as StartId, count: r.uint() };
}

/** The sender's side: pulls the frozen state piece by piece, as the receiver takes it. Chunks may be lost; they are resumed. */
export class OutgoingTransfer {
  readonly to: NodeId;
  readonly at: Position;
  readonly #id: TransferId;
  readonly #snapshot: Snapshot;
  #cursor: bigint | null = 0n;
  #next = 0;
  /** Sent and not yet taken, oldest first; the first has number `#taken`. */
  #unanswered: Bytes[] = [];
  #taken = 0;
  #progressAt: Ticks;
  #sentAt: Ticks;

  constructor(id: TransferId, to: NodeId, snapshot: Snapshot, now: Ticks) {
    this.#id = id;
    this.to = to;
    this.at = snapshot.at;
    this.#snapshot = snapshot;
    this.#progressAt = now;
    this.#sentAt = now;
  }

  get wakeAt(): Ticks {
    return (this.#sentAt + CHUNK_RETRY_TICKS) as Ticks;
  }

  /** What to send now. */
  chunks(now: Ticks): readonly Bytes[] {
    if (now - this.#sentAt >= CHUNK_RETRY_TICKS && this.#unanswered.length > 0) {
      this.#sentAt = now;
      return [...this.#unanswered];
    }
    const fresh: Bytes[] = [];
    while (this.#cursor !== null && this.#unanswered.length < CHUNKS_IN_FLIGHT_MAX) {
      const parts: Bytes[] = [];
      this.#cursor = this.#snapshot.dump(this.#cursor, CHUNK_BYTES, {
        put: (part) => parts.push(part),
      });
      const chunk = encodeChunk({
        transfer: this.#id,
        number: this.#next++,
        last: this.#cursor === null,
        bytes: concat(parts),
      });
      this.#unanswered.push(chunk);
      fresh.push(chunk);
    }
    if (fresh.length > 0) this.#sentAt = now;
    return fresh;
  }

  /** True or false when the transfer has ended well or badly, null while it goes on. */
  taken(reply: ChunkTaken, now: Ticks): boolean | null {
    if (!sameTransfer(this.#id, reply.transfer)) return null;
    if (reply.state !== "taking") return reply.state === "installed";
    // The last chunk is asked about until the receiver says how it ended: that answer may be lost like any other.
    const last = this.#cursor === null ? this.#next - 1 : this.#next;
    const count = Math.min(reply.next, last) - this.#taken;
    if (count < 0 || count > this.#unanswered.length) return null;
    this.#unanswered = this.#unanswered.slice(count);
    this.#taken += count;
    this.#progressAt = now;
    return null;
  }

  isHopeless(now: Ticks): boolean {
    return now - this.#progressAt >= TRANSFER_PATIENCE_TICKS;
  }

  release(): void {
    this.#snapshot.release();
  }
}
