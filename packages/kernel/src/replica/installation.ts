import {
  assert,
  type Bytes,
  type JournalSeq,
  type Machine,
  Malformed,
  type NodeId,
} from "../core/index.ts";
import type { Sessions } from "./sessions.ts";
import { type SnapshotHeader, SnapshotReader } from "./snapshot.ts";
import {
  type ChunkTaken,
  decodeChunk,
  encodeChunkTaken,
  sameTransfer,
  type TransferId,
} from "./streaming.ts";

/** A replica's state as it came from a peer. */
export interface Received {
  readonly header: SnapshotHeader;
  readonly machine: Machine;
  readonly sessions: Sessions;
}

/** What to do with a chunk: answer it, or look at the snapshot that it completed. */
export type Taken = { readonly type: "Answer"; readonly bytes: Bytes } | { readonly type: "Whole" };

/**
 * The receiver's side of a snapshot: chunks in order into a new machine, then the wait for its checkpoint. The old state
 * stays in force, on disk and in memory, until that is durable: a crash half-way leaves it untouched.
 */
export class Installation {
  readonly #create: (profile: string) => Machine | null;
  #from: NodeId | null = null;
  #transfer: TransferId | null = null;
  #next = 0;
  #reader: SnapshotReader | null = null;
  #received: Received | null = null;
  #awaiting: { readonly covers: JournalSeq; readonly from: NodeId } | null = null;
  #covers = 0 as JournalSeq;
  /** How the newest transfer stands: told again when its sender asks by repeating a chunk. */
  #state: ChunkTaken["state"] = "taking";

  constructor(create: (profile: string) => Machine | null) {
    this.#create = create;
  }

  get received(): Received | null {
    return this.#received;
  }

  /** A checkpoint of a received snapshot is being written. */
  get busy(): boolean {
    return this.#awaiting !== null;
  }

  /** The journal sequence that the installed snapshot's checkpoint covers. */
  get covers(): JournalSeq {
    return this.#covers;
  }

  /** Takes a chunk: the next one, or one of a newer transfer from its beginning. Others are answered with what is missing. */
  take(from: NodeId, bytes: Bytes): Taken | null {
    const chunk = decodeChunk(bytes);
    if (chunk instanceof Malformed) return null;
    const another = from !== this.#from || !sameTransfer(this.#transfer, chunk.transfer);
    if (another) {
      if (chunk.number !== 0 || this.busy) return null;
      this.#from = from;
      this.#transfer = chunk.transfer;
      this.#next = 0;
      this.#state = "taking";
      this.#received = null;
      this.#reader = new SnapshotReader(this.#create);
    }
    if (chunk.number !== this.#next || this.#reader === null)
      return { type: "Answer", bytes: this.reply(this.#state) };
    return this.#push(this.#reader, chunk.bytes.slice(), chunk.last);
  }

  #push(reader: SnapshotReader, bytes: Bytes, last: boolean): Taken {
    try {
      reader.push(bytes);
      this.#next++;
      if (!last) return { type: "Answer", bytes: this.reply("taking") };
      this.#received = reader.finish();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#received = null;
    }
    this.#reader = null;
    if (this.#received === null) return { type: "Answer", bytes: this.reply("failed") };
    return { type: "Whole" };
  }

  /** The received state's checkpoint is on its way to the disk. */
  awaitCheckpoint(covers: JournalSeq, from: NodeId): void {
    this.#awaiting = { covers, from };
  }

  /** Whether this was the checkpoint that the installation waited for. */
  checkpointed(covers: JournalSeq, ok: boolean): { readonly from: NodeId } | null {
    if (this.#awaiting === null || this.#awaiting.covers !== covers) return null;
    if (ok) this.#covers = covers;
    return this.#awaiting;
  }

  end(): void {
    this.#awaiting = null;
    this.#received = null;
    this.#reader = null;
  }

  reply(state: ChunkTaken["state"]): Bytes {
    this.#state = state;
    assert(this.#transfer !== null, "only what was begun is answered");
    return encodeChunkTaken({ transfer: this.#transfer, next: this.#next, state });
  }
}
