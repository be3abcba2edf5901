import { randomBytes } from "node:crypto";
import {
  assert,
  type Bytes,
  encodeSegmentHeader,
  type GroupId,
  JOURNAL_FORMAT,
  type JournalSeq,
  journalSeq,
  MARK_GROUP,
  RECORD_BYTES_MAX,
  RECORD_HEAD_BYTES,
  recordSeed,
  SEGMENT_HEADER_BYTES,
  segmentName,
  writeRecordHead,
} from "@quorate/kernel/core";
import type { Identity, Space } from "@quorate/kernel/replica";
import type { Log } from "../host/index.ts";
import { below, type Files, type OpenFile } from "./files.ts";
import { Gather } from "./gather.ts";
import type { RecoveredJournal } from "./recover.ts";
import { Spares } from "./spares.ts";

export interface JournalOptions {
  readonly files: Files;
  readonly directory: string;
  readonly identity: Pick<Identity, "cluster" | "node">;
  readonly log: Log;
  /** Size of a preallocated segment. A record that is larger gets a segment that grows with it. */
  readonly segmentBytes: number;
  /** What allocating ahead must leave free on the disk. */
  readonly freeBytesMin: number;
}

export const SEGMENT_BYTES = 64 * 1024 * 1024;
export const FREE_BYTES_MIN = 64 * 1024 * 1024;
/** One write, and so one sync, carries no more: it bounds how long the first record of a batch waits for the last. */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** What the journal tells its owner; never called from within `append` or `flush`. */
export interface JournalListener {
  /** All records up to here are on stable storage. */
  onDurable(upTo: JournalSeq): void;
  /** A write or a sync failed. Nothing is written any more, whatever is still asked for. */
  onFailed(reason: string): void;
  onSpace(space: Space): void;
}

interface Pending {
  readonly seq: JournalSeq;
  readonly group: GroupId;
  readonly kind: number;
  readonly parts: readonly Bytes[];
}

interface Tail {
  readonly file: OpenFile;
  readonly seed: number;
  readonly size: number;
  at: number;
}

/**
 * The node's one journal, open for appending. One write and one sync at a time: what is appended while they run
 * is the next batch (group commit). A failed sync is never retried, for the system may have dropped the pages it
 * could not write and report the next sync as good.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #listener: JournalListener;
  readonly #spares: Spares;
  readonly #gather = new Gather();
  readonly #first: JournalSeq[];
  #tail: Tail;
  #pending: Pending[] = [];
  /** Pending records before this one are in the batch under way. */
  #taken = 0;
  #lastSeq: JournalSeq;
  #durable: JournalSeq;
  #running: Promise<void> | null = null;
  #retaining: Promise<void> | null = null;
  #retainFrom: JournalSeq;
  #failed = false;
  readonly #counts = { records: 0, bytes: 0, batches: 0, syncMicros: 0, syncMicrosMax: 0 };

  private constructor(
    options: JournalOptions,
    listener: JournalListener,
    spares: Spares,
    tail: Tail,
    recovered: { readonly first: JournalSeq[]; readonly lastSeq: JournalSeq },
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#spares = spares;
    this.#tail = tail;
    this.#first = recovered.first;
    this.#lastSeq = this.#durable = recovered.lastSeq;
    this.#retainFrom = recovered.first[0] ?? journalSeq(1);
  }

  /**
   * Goes on where `recovered` ended: cuts the torn tail, and syncs what is kept, since a crashed process leaves
   * records that were read but never synced. Rejects if the disk has no room for a first segment.
   */
  static async open(
    options: JournalOptions,
    recovered: RecoveredJournal,
    listener: JournalListener,
  ): Promise<Journal> {
    const { files, directory } = options;
    await files.makeDirectory(directory);
    const spares = new Spares(files, directory, options, (space) => listener.onSpace(space));
    await spares.open();
    const first = recovered.segments.map(({ header }) => header.firstSeq);
    const last = recovered.segments.at(-1);
    const seqs = { first, lastSeq: recovered.lastSeq };
    if (last !== undefined) {
      const file = await files.open(last.file, "existing");
      const { torn } = recovered;
      if (torn !== null) await file.write([new Uint8Array(torn.to - torn.from)], torn.from);
      await file.sync();
      await files.syncDirectory(directory);
      const size = files.sizeOf(last.file);
      const tail = { file, seed: recordSeed(last.header), size, at: last.end };
      return new Journal(options, listener, spares, tail, seqs);
    }
    const tail = await beginSegment(options, spares, journalSeq(recovered.lastSeq + 1));
    first.push(journalSeq(recovered.lastSeq + 1));
    return new Journal(options, listener, spares, tail, seqs);
  }

  get durable(): JournalSeq {
    return this.#durable;
  }

  get space(): Space {
    return this.#spares.space;
  }

  /** Takes the next record; it is written with the `flush` that follows. The parts must not change any more. */
  append(seq: JournalSeq, group: GroupId, kind: number, parts: readonly Bytes[]): void {
    assert(seq === this.#lastSeq + 1, "journal sequences rise by one");
    assert(
      lengthOf(parts) <= RECORD_BYTES_MAX,
      "the kernel bounds its records below the journal's",
    );
    this.#lastSeq = seq;
    this.#pending.push({ seq, group, kind, parts });
  }

  /** Starts writing what was appended, unless a write runs, which then goes on with it. */
  flush(): void {
    if (this.#running !== null || this.#failed || this.#pending.length === 0) return;
    this.#running = this.#run();
  }

  /** Segments whose records are all before `from` may go. The one in use stays. */
  retain(from: JournalSeq): void {
    if (from <= this.#retainFrom) return;
    this.#retainFrom = from;
    this.#retaining ??= this.#deleteOld().finally(() => {
      this.#retaining = null;
    });
  }

  /** Writes and syncs all that was appended, marks it, and closes the files. Never rejects. */
  async close(): Promise<void> {
    this.flush();
    await this.#running;
    await this.#retaining;
    if (!this.#failed) await this.#write(this.#batch()).catch((error) => this.#fail(error));
    await this.#spares.close();
    await this.#tail.file.close().catch(() => {});
  }

  counters(): Readonly<Record<string, number>> {
    return {
      journal_records: this.#counts.records,
      journal_bytes: this.#counts.bytes,
      journal_batches: this.#counts.batches,
      journal_sync_micros: this.#counts.syncMicros,
      journal_sync_micros_max: this.#counts.syncMicrosMax,
      journal_pending: this.#pending.length,
      journal_segments: this.#first.length,
      journal_spares: this.#spares.count,
    };
  }

  async #run(): Promise<void> {
    // Even what fails at once is told later, never from within `flush`.
    await null;
    try {
      while (this.#pending.length > 0) {
        if (!this.#fits(this.#pending[0])) await this.#roll();
        await this.#write(this.#batch());
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = null;
    }
  }

  /** Gathers a mark and as many pending records as the segment and `BATCH_BYTES_MAX` hold, at least one. */
  #batch(): JournalSeq {
    this.#put({ seq: this.#durable, group: MARK_GROUP, kind: 0, parts: [] });
    const room = Math.min(this.#tail.size - this.#tail.at, BATCH_BYTES_MAX);
    let last = this.#durable;
    for (; this.#taken < this.#pending.length; this.#taken++) {
      const record = this.#pending[this.#taken];
      if (record === undefined) break;
      const need = RECORD_HEAD_BYTES + lengthOf(record.parts);
      if (this.#taken > 0 && this.#gather.length + need > room) break;
      this.#put(record);
      last = record.seq;
    }
    return last;
  }

  #put(record: Pending): void {
    const { chunk, at } = this.#gather.room(RECORD_HEAD_BYTES);
    writeRecordHead(chunk, at, record, record.parts, this.#tail.seed);
    for (const part of record.parts) this.#gather.put(part);
  }

  async #write(last: JournalSeq): Promise<void> {
    const bytes = this.#gather.length;
    const { file } = this.#tail;
    await file.write(this.#gather.parts(), this.#tail.at);
    const began = performance.now();
    await file.sync();
    this.#count(bytes, Math.round((performance.now() - began) * 1000));
    this.#tail.at += bytes;
    this.#gather.reset();
    this.#pending = this.#pending.slice(this.#taken);
    this.#taken = 0;
    if (last === this.#durable) return;
    this.#durable = last;
    this.#listener.onDurable(last);
  }

  #fits(record: Pending | undefined): boolean {
    if (record === undefined || this.#tail.at === SEGMENT_HEADER_BYTES) return true;
    const need = 2 * RECORD_HEAD_BYTES + lengthOf(record.parts);
    return this.#tail.at + need <= this.#tail.size;
  }

  /** Begins the next segment. All of the one before is synced: that is what tells torn from damaged there. */
  async #roll(): Promise<void> {
    const firstSeq = journalSeq(this.#durable + 1);
    const tail = await beginSegment(this.#options, this.#spares, firstSeq);
    await this.#tail.file.close();
    this.#tail = tail;
    this.#first.push(firstSeq);
    this.#spares.refill();
  }

  async #deleteOld(): Promise<void> {
    const { files, directory, log } = this.#options;
    try {
      for (;;) {
        const [oldest, next] = this.#first;
        if (oldest === undefined || next === undefined || next > this.#retainFrom) return;
        // Oldest first and one by one, so that a crash leaves a journal without holes.
        await files.remove(below(directory, segmentName(oldest)));
        await files.syncDirectory(directory);
        this.#first.shift();
        this.#spares.refill();
      }
    } catch (error) {
      log.warn({ error: String(error) }, "an old journal segment could not be deleted");
    }
  }

  #fail(error: unknown): void {
    this.#failed = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ error: reason }, "the journal cannot be written: the node must stop");
    this.#listener.onFailed(reason);
  }

  #count(bytes: number, syncMicros: number): void {
    this.#counts.records += this.#taken;
    this.#counts.bytes += bytes;
    this.#counts.batches++;
    this.#counts.syncMicros += syncMicros;
    this.#counts.syncMicrosMax = Math.max(this.#counts.syncMicrosMax, syncMicros);
  }
}

/** The disk is full and the reserve is used up. The kernel was told of both long before. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** Turns a spare into a segment. Its header is synced before it gets its name, its name before its first record. */
async function beginSegment(
  options: JournalOptions,
  spares: Spares,
  firstSeq: JournalSeq,
): Promise<Tail> {
  const { files, directory, identity } = options;
  const spare = await spares.take();
  if (spare === null) {
    const free = await files.freeBytes(directory);
    throw new DiskFull(
      `no room for a journal segment of ${options.segmentBytes} bytes in ${directory}: ` +
        `${free} bytes are free, of which ${options.freeBytesMin} must stay so`,
    );
  }
  const salt = randomBytes(8).readBigUInt64LE();
  const ids = { cluster: identity.cluster, node: identity.node };
  const header = { format: JOURNAL_FORMAT, ...ids, firstSeq, salt };
  const file = await files.open(spare, "existing");
  await file.write([encodeSegmentHeader(header)], 0);
  await file.sync();
  await files.rename(spare, below(directory, segmentName(firstSeq)));
  await files.syncDirectory(directory);
  const size = options.segmentBytes;
  return { file, seed: recordSeed(header), size, at: SEGMENT_HEADER_BYTES };
}

function lengthOf(parts: readonly Bytes[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
