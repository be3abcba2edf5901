import {
  assert,
  type Bytes,
  type GroupId,
  type JournalSeq,
  journalSeq,
  RECORD_BYTES_MAX,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "@quorate/kernel/core";
import type { Space } from "@quorate/kernel/replica";
import type { Log } from "../host/index.ts";
import { Batch, lengthOf, type NewRecord } from "./batch.ts";
import { below } from "./files.ts";
import { Pace } from "./pace.ts";
import type { RecoveredJournal } from "./recover.ts";
import { Spares } from "./spares.ts";
import { beginTail, resumeTail, type Tail, type TailOptions } from "./tail.ts";

export interface JournalOptions extends TailOptions {
  readonly log: Log;
}

/** Size of a preallocated segment (contracts, Data directory). A record beyond it gets a segment that grows. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;
/** What allocating ahead leaves free on the disk, for checkpoints. */
export const FREE_BYTES_MIN = 64 * 1024 * 1024;
/** After so long without a record a mark proves the last batch: until then, damage to it looks like a tear. */
export const IDLE_MARK_MILLIS = 100;

/** What the journal tells its owner: never from within `append`; from within `flush` where that wrote at once. */
export interface JournalListener {
  /** All records up to here are on stable storage. */
  onDurable(upTo: JournalSeq): void;
  /** A write or a sync failed. Nothing is written any more, whatever is still asked for. */
  onFailed(reason: string): void;
  onSpace(space: Space): void;
}

/**
 * The node's one journal, open for appending. One write and one sync at a time; what is appended while they run is
 * encoded at once into the next batch, so that nothing but the write stands between two syncs (group commit). On a quick
 * disk a small batch is written and synced before `flush` returns.
 *
 * A failed sync is never tried again: the system may have dropped the pages that it could not write, and
 * report the next sync as good.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #listener: JournalListener;
  readonly #spares: Spares;
  /** First sequences of the segments, oldest first; the last is the one in use. */
  readonly #segments: JournalSeq[];
  #tail: Tail;
  /** The batch that gathers; `#writing` is the one under way, or empty. */
  #filling: Batch;
  #writing: Batch;
  /** What fits neither the batch nor the segment that it is for; in order, behind `#filling`. */
  #overflow: NewRecord[] = [];
  #lastSeq: JournalSeq;
  #durable: JournalSeq;
  #running: Promise<void> | null = null;
  #retaining: Promise<void> | null = null;
  #retainFrom: JournalSeq;
  #idle: NodeJS.Timeout | null = null;
  #writtenAt = 0;
  readonly #pace = new Pace();
  #state: "open" | "closing" | "failed" = "open";
  readonly #counts = { records: 0, bytes: 0, batches: 0, syncMicros: 0, syncMicrosMax: 0 };

  private constructor(
    options: JournalOptions,
    listener: JournalListener,
    spares: Spares,
    recovered: RecoveredJournal,
    tail: Tail,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#spares = spares;
    this.#tail = tail;
    [this.#filling, this.#writing] = Batch.pair();
    this.#segments = recovered.segments.map(({ header }) => header.firstSeq);
    if (recovered.resume === null) this.#segments.push(journalSeq(recovered.lastSeq + 1));
    this.#lastSeq = this.#durable = recovered.lastSeq;
    this.#retainFrom = this.#segments[0] ?? journalSeq(1);
  }

  /** Goes on where `recovered` ended. Rejects if the disk has no room for a first segment, or fails. */
  static async open(
    options: JournalOptions,
    recovered: RecoveredJournal,
    listener: JournalListener,
  ): Promise<Journal> {
    await options.files.makeDirectory(options.directory);
    const spares = new Spares(options, (space) => listener.onSpace(space));
    try {
      await spares.open();
      const { resume } = recovered;
      const tail =
        resume === null
          ? await beginTail(options, spares, journalSeq(recovered.lastSeq + 1))
          : await resumeTail(options, resume, recovered.torn);
      return new Journal(options, listener, spares, recovered, tail);
    } catch (error) {
      await spares.close();
      throw error;
    }
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
    const length = lengthOf(parts);
    assert(length <= RECORD_BYTES_MAX, "the kernel's records are within the journal's bound");
    this.#lastSeq = seq;
    const record = { seq, group, kind, parts, length };
    if (this.#overflow.length === 0 && this.#fits(record))
      this.#filling.add(record, this.#tail.seed);
    else this.#overflow.push(record);
  }

  /** Writes what was appended, or begins to; a write that runs goes on with it. */
  flush(): void {
    if (this.#running !== null || this.#state === "failed" || !this.#hasMore()) return;
    if (this.#mayWriteAtOnce()) this.#writeAtOnce();
    else this.#running = this.#run();
  }

  /** Another large file begins to be written on this disk, or is done: meanwhile syncs are slow, and not waited for. */
  beside(begins: boolean): void {
    this.#pace.beside(begins);
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
    if (this.#state === "open") this.#state = "closing";
    if (this.#idle !== null) clearTimeout(this.#idle);
    while (this.#running !== null) await this.#running;
    await this.#retaining;
    await this.#markDurable();
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
      journal_waiting: this.#lastSeq - this.#durable,
      journal_segments: this.#segments.length,
      journal_spares: this.#spares.count,
    };
  }

  async #run(): Promise<void> {
    // Even what fails at once is told later, never from within `flush`.
    await Promise.resolve();
    try {
      while (this.#hasMore()) {
        if (this.#filling.records === 0) await this.#roll();
        await this.#write();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#running = null;
    this.#armIdle();
  }

  /** Once nothing was written for a while, the last batch is marked. One timer goes on as long as there are writes. */
  #armIdle(): void {
    if (this.#state !== "open" || this.#idle !== null) return;
    const wait = this.#writtenAt + IDLE_MARK_MILLIS - performance.now();
    this.#idle = setTimeout(() => this.#onIdle(), Math.max(1, wait));
    this.#idle.unref();
  }

  #onIdle(): void {
    this.#idle = null;
    if (performance.now() - this.#writtenAt < IDLE_MARK_MILLIS) return this.#armIdle();
    this.#running ??= this.#markDurable().finally(() => {
      this.#running = null;
      this.flush();
    });
  }

  #mayWriteAtOnce(): boolean {
    const { length, records } = this.#filling;
    const able = this.#tail.file.writeThrough !== undefined;
    return able && records > 0 && this.#overflow.length === 0 && this.#pace.atOnce(length);
  }

  #writeAtOnce(): void {
    const batch = this.#filling;
    const began = performance.now();
    try {
      this.#tail.file.writeThrough?.([batch.bytes()], this.#tail.at);
    } catch (error) {
      return this.#fail(error);
    }
    const micros = Math.round((performance.now() - began) * 1000);
    this.#pace.took(micros);
    this.#written(batch, micros);
    this.#armIdle();
  }

  #hasMore(): boolean {
    return this.#filling.records > 0 || this.#overflow.length > 0;
  }

  /** Whether the record can still go into the batch that gathers. A first record goes into any fresh segment. */
  #fits(record: NewRecord): boolean {
    const at = this.#tail.at + this.#writing.length + this.#filling.length;
    if (at === SEGMENT_HEADER_BYTES) return true;
    return this.#filling.takes(record) && at + this.#filling.need(record) <= this.#tail.size;
  }

  async #write(): Promise<void> {
    const batch = this.#filling;
    this.#filling = this.#writing;
    this.#writing = batch;
    const { file, at } = this.#tail;
    const began = performance.now();
    if (file.writeSynced !== undefined) await file.writeSynced([batch.bytes()], at);
    else {
      await file.write([batch.bytes()], at);
      await file.sync();
    }
    this.#written(batch, Math.round((performance.now() - began) * 1000));
  }

  #written(batch: Batch, syncMicros: number): void {
    this.#count(batch, syncMicros);
    this.#writtenAt = performance.now();
    const { last } = batch;
    this.#tail.at += batch.length;
    batch.reset();
    this.#takeOverflow();
    if (last === this.#durable) return;
    this.#durable = last;
    this.#listener.onDurable(last);
  }

  #takeOverflow(): void {
    let taken = 0;
    for (const record of this.#overflow) {
      if (!this.#fits(record)) break;
      this.#filling.add(record, this.#tail.seed);
      taken++;
    }
    if (taken > 0) this.#overflow = this.#overflow.slice(taken);
  }

  /** Begins the next segment. All of the one before is synced: that is what tells torn from damaged there. */
  async #roll(): Promise<void> {
    const firstSeq = journalSeq(this.#durable + 1);
    const tail = await beginTail(this.#options, this.#spares, firstSeq);
    await this.#tail.file.close();
    this.#tail = tail;
    this.#segments.push(firstSeq);
    this.#spares.refill();
    this.#takeOverflow();
  }

  /** Writes a mark and nothing else. Nothing may be under way. */
  async #markDurable(): Promise<void> {
    if (this.#state === "failed" || this.#hasMore()) return;
    this.#filling.mark(this.#durable, this.#tail.seed);
    await this.#write().catch((error) => this.#fail(error));
  }

  async #deleteOld(): Promise<void> {
    const { files, directory, log } = this.#options;
    try {
      for (;;) {
        const [oldest, next] = this.#segments;
        if (oldest === undefined || next === undefined || next > this.#retainFrom) return;
        // Oldest first and one by one, so that a crash leaves a journal without holes.
        await files.remove(below(directory, segmentName(oldest)));
        await files.syncDirectory(directory);
        this.#segments.shift();
        this.#spares.refill();
      }
    } catch (error) {
      log.warn({ error: String(error) }, "an old journal segment could not be deleted");
    }
  }

  #fail(error: unknown): void {
    this.#state = "failed";
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ error: reason }, "the journal cannot be written: the node must stop");
    this.#listener.onFailed(reason);
  }

  #count(batch: Batch, syncMicros: number): void {
    this.#counts.records += batch.records;
    this.#counts.bytes += batch.length;
    this.#counts.batches++;
    this.#counts.syncMicros += syncMicros;
    this.#counts.syncMicrosMax = Math.max(this.#counts.syncMicrosMax, syncMicros);
  }
}
