import type { JournalSeq, LogIndex } from "../core/index.ts";

interface WrittenRecord {
  readonly seq: JournalSeq;
  readonly lastIndex: LogIndex;
}

/**
 * What of the journal a group still needs: everything behind its last durable checkpoint. A checkpoint leaves out the
 * records whose entries end before the tail that followers may want, and no others.
 */
export class Coverage {
  /** Sequence covered by the last durable checkpoint. */
  #covers: JournalSeq;
  #bytes = 0;
  #writing = false;
  /** The records that hold entries, oldest first, and where the entries of each end. */
  #records: WrittenRecord[];

  constructor(covers: JournalSeq, records: readonly WrittenRecord[]) {
    this.#covers = covers;
    this.#records = records.filter(({ lastIndex }) => lastIndex > 0);
  }

  get covers(): JournalSeq {
    return this.#covers;
  }

  /** Journal bytes written since the last checkpoint. */
  get bytesSince(): number {
    return this.#bytes;
  }

  /** A checkpoint of this group is on its way to the disk. */
  get writing(): boolean {
    return this.#writing;
  }

  wrote(seq: JournalSeq, bytes: number, lastIndex: LogIndex): void {
    this.#bytes += bytes;
    if (lastIndex > 0) this.#records.push({ seq, lastIndex });
  }

  /** Begins a checkpoint that keeps all records with entries above `keep`; gives the sequence that it covers. */
  begin(keep: number, lastSeq: JournalSeq): JournalSeq {
    this.#writing = true;
    const needed = this.#records.find(({ lastIndex }) => lastIndex > keep);
    return (needed === undefined ? lastSeq : needed.seq - 1) as JournalSeq;
  }

  end(covers: JournalSeq, ok: boolean): void {
    this.#writing = false;
    if (!ok) return;
    this.#covers = Math.max(this.#covers, covers) as JournalSeq;
    this.#bytes = 0;
    this.#records = this.#records.filter(({ seq }) => seq > covers);
  }

  /** An installed snapshot's checkpoint is durable: nothing written before it is needed. */
  restart(covers: JournalSeq): void {
    this.#covers = Math.max(this.#covers, covers) as JournalSeq;
    this.#records = [];
    this.#bytes = 0;
  }
}
