import type { Bytes, KeyspaceId } from "@quorate/kernel/core";
import type { LostWrite, NodeEffect } from "@quorate/kernel/replica";
import type { Log } from "../host/index.ts";
import { below, type Files } from "../journal/index.ts";
import { type Describe, lostLine } from "./lost-line.ts";

/** Files kept; one more is refused, and with it what would have been undone: none is ever deleted but by people. */
export const LOST_FILES_MAX = 1000;
/** Bytes of all of them. A single file beyond that is written where it is the first. */
export const LOST_BYTES_MAX = 1 << 30;
/** Written at a time; between two the event loop runs. */
const SLICE_BYTES = 1 << 20;

export interface LostFilesOptions {
  readonly files: Files;
  readonly directory: string;
  readonly log: Log;
  readonly describe: Describe;
  readonly filesMax?: number;
  readonly bytesMax?: number;
}

/** Writes that this member had and its group has not. */
export interface LostFile {
  /** Its name in the directory. */
  readonly file: string;
  readonly keyspace: KeyspaceId;
  /** Of the first of them. */
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

type Export = Extract<NodeEffect, { readonly type: "Export" }>;

/**
 * Writes that are about to be undone, one file of JSON lines for each stretch of the log (card 63). A file has its name only when it is
 * whole and synced, and the name is synced before `write` says so: what the kernel undoes then is somewhere. The same stretch exported
 * again, as after a crash in between, takes the place of the first.
 */
export class LostFiles {
  readonly #options: LostFilesOptions;
  readonly #known: Map<string, LostFile>;
  /** Since this process started. */
  readonly #counts = { lost_exports: 0, lost_writes: 0, lost_export_failures: 0 };
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(options: LostFilesOptions, known: Map<string, LostFile>) {
    this.#options = options;
    this.#known = known;
  }

  static async open(options: LostFilesOptions): Promise<LostFiles> {
    const { files, directory } = options;
    const known = new Map<string, LostFile>();
    for (const file of await files.list(directory)) {
      const parts = NAME.exec(file)?.slice(1).map(Number);
      if (file.endsWith(GROWING)) await files.remove(below(directory, file));
      if (parts === undefined) continue;
      const [keyspace = 0, epoch = 0, from = 0, to = 0] = parts;
      const bytes = files.sizeOf(below(directory, file));
      known.set(file, { file, keyspace: keyspace as KeyspaceId, epoch, from, to, bytes });
    }
    return new LostFiles(options, known);
  }

  /** One after the other. False, and logged, where there is no room or the disk refused: nothing of it may be undone then. */
  write(lost: Export): Promise<boolean> {
    const written = this.#writing.then(() => this.#write(lost));
    this.#writing = written;
    return written;
  }

  /** Oldest first. */
  filesOf(keyspace: KeyspaceId): readonly LostFile[] {
    return [...this.#known.values()]
      .filter((known) => known.keyspace === keyspace)
      .sort((a, b) => a.epoch - b.epoch || a.from - b.from);
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, lost_files: this.#known.size, lost_file_bytes: this.#bytes };
  }

  /** Waits until the write under way is done. */
  async close(): Promise<void> {
    await this.#writing;
  }

  get #bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#known.values()) sum += bytes;
    return sum;
  }

  async #write({ keyspace, from, to, writes }: Export): Promise<boolean> {
    const { files, directory, log } = this.#options;
    const epoch = writes[0]?.epoch ?? 0;
    const file = `${keyspace}-${epoch}-${from}-${to}.jsonl`;
    const growing = below(directory, `${file}${GROWING}`);
    const fields = { keyspace, from, to, count: writes.length, file: below(directory, file) };
    try {
      await this.#makeRoom(file);
      await files.makeDirectory(directory);
      const bytes = await this.#writeLines(growing, writes);
      await files.rename(growing, below(directory, file));
      await files.syncDirectory(directory);
      // The directory itself may be new.
      await files.syncDirectory(below(directory, ".."));
      this.#known.set(file, { file, keyspace, epoch, from, to, bytes });
      this.#counts.lost_exports++;
      this.#counts.lost_writes += writes.length;
      log.warn(
        fields,
        "lost writes exported: `keyspace lost` lists such files; they stay until somebody removes them",
      );
      return true;
    } catch (error) {
      this.#counts.lost_export_failures++;
      log.error({ ...fields, error: String(error) }, "lost writes could not be exported");
      await files.remove(growing).catch(() => {});
      return false;
    }
  }

  /** What people have taken away meanwhile counts no longer, nor does what is written again. */
  async #makeRoom(next: string): Promise<void> {
    const {
      files,
      directory,
      filesMax = LOST_FILES_MAX,
      bytesMax = LOST_BYTES_MAX,
    } = this.#options;
    const there = await files.list(directory);
    for (const name of this.#known.keys()) if (!there.includes(name)) this.#known.delete(name);
    const again = this.#known.get(next);
    const count = this.#known.size - (again === undefined ? 0 : 1);
    if (count < filesMax && this.#bytes - (again?.bytes ?? 0) < bytesMax) return;
    throw new Error(
      `${directory} holds ${this.#known.size} files of ${this.#bytes} bytes, and may hold ${filesMax} of ${bytesMax}: move them elsewhere`,
    );
  }

  async #writeLines(file: string, writes: readonly LostWrite[]): Promise<number> {
    const { files, describe } = this.#options;
    const open = await files.open(file, "create");
    try {
      let at = 0;
      let lines: Bytes[] = [];
      let bytes = 0;
      for (const [i, write] of writes.entries()) {
        const line = Buffer.from(lostLine(write, describe));
        lines.push(line);
        bytes += line.length;
        if (bytes < SLICE_BYTES && i < writes.length - 1) continue;
        await open.write(lines, at);
        at += bytes;
        [lines, bytes] = [[], 0];
      }
      await open.sync();
      return at;
    } finally {
      await open.close();
    }
  }
}

/** While a file grows it has this behind its name. */
const GROWING = ".growing";
const NAME = /^(\d{1,15})-(\d{1,15})-(\d{1,15})-(\d{1,15})\.jsonl$/;
