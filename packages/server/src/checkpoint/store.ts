import {
  CHECKPOINT_HEADER_BYTES,
  checkpointBlocks,
  decodeCheckpointHeader,
  type GroupId,
  groupId,
  type JournalSeq,
  journalSeq,
  Malformed,
  type ReadAt,
  verifyCheckpoint,
} from "@quorate/kernel/core";
import type { Identity, RecoveredCheckpoint, Snapshot } from "@quorate/kernel/replica";
import type { Log } from "../host/index.ts";
import { below, type Files } from "../journal/index.ts";
import { writeCheckpoint } from "./write.ts";

/** Checkpoints kept of each group: the newest, and the one before it in case the newest is found damaged. */
export const CHECKPOINTS_KEPT = 2;

export interface CheckpointOptions {
  readonly files: Files;
  /** Holds one directory per group; finished files only. */
  readonly directory: string;
  /** Where files grow; emptied at every start. */
  readonly incoming: string;
  readonly identity: Pick<Identity, "cluster" | "node">;
  readonly log: Log;
}

/** What is not sound is set aside under its name with this behind it. */
const DAMAGED = ".damaged";

/**
 * The checkpoint files of a node. A file appears under its final name only when it is whole and synced, and the
 * older ones go only after that; a crash at any point leaves a usable one.
 *
 * Falling back to the older file needs the journal from there on. `retainable` says how far the journal may
 * be cut so that this stays possible: one generation later than without a fall-back.
 */
export class CheckpointStore {
  readonly #options: CheckpointOptions;
  /** What each group's directory holds, oldest first. */
  readonly #kept: Map<GroupId, JournalSeq[]>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: CheckpointOptions, kept: Map<GroupId, JournalSeq[]>) {
    this.#options = options;
    this.#kept = kept;
  }

  static async open(options: CheckpointOptions): Promise<CheckpointStore> {
    const { files, directory, incoming } = options;
    await files.makeDirectory(directory);
    await files.makeDirectory(incoming);
    for (const name of await files.list(incoming)) await files.remove(below(incoming, name));
    const kept = new Map<GroupId, JournalSeq[]>();
    for (const name of await files.list(directory)) {
      if (!/^\d{1,10}$/.test(name)) continue;
      const inside = await files.list(below(directory, name));
      const found = inside.flatMap((file) => {
        const digits = /^(\d{20})\.ckpt$/.exec(file)?.[1];
        return digits === undefined ? [] : [journalSeq(Number(digits))];
      });
      // What was set aside still tells that there was a checkpoint: its group is lost, not new, until it has another.
      if (found.length > 0 || inside.some((file) => file.endsWith(DAMAGED)))
        kept.set(groupId(Number(name)), found);
    }
    return new CheckpointStore(options, kept);
  }

  /**
   * The newest sound checkpoint of every group, each verified from end to end. A damaged one is logged and set
   * aside under the name `*.damaged`; `lost` are groups of which none is left although there were some.
   */
  async recover(): Promise<{
    readonly checkpoints: readonly RecoveredCheckpoint[];
    readonly lost: readonly GroupId[];
  }> {
    const checkpoints: RecoveredCheckpoint[] = [];
    const lost: GroupId[] = [];
    for (const [group, kept] of [...this.#kept].sort(([a], [b]) => a - b)) {
      for (let newest = kept.at(-1); newest !== undefined; newest = kept.at(-1)) {
        const verdict = this.#verdict(group, newest);
        if (verdict === null) break;
        await this.#setAside(group, newest, verdict);
        kept.pop();
      }
      const newest = kept.at(-1);
      if (newest === undefined) lost.push(group);
      else checkpoints.push({ group, covers: newest, chunks: this.#chunks(group, newest) });
    }
    return { checkpoints, lost };
  }

  /**
   * Writes a group's state in slices of at most 2 ms; one checkpoint at a time, in the order of the calls. The
   * snapshot is released in any case. `durable` resolves when the journal is durable up to `covers`: a file that
   * covers more than a crash leaves of the journal would hide the records that come next. False, and logged,
   * where it failed: the group's older checkpoints and the journal still hold everything.
   */
  async write(
    group: GroupId,
    from: Snapshot,
    covers: JournalSeq,
    durable: Promise<boolean>,
  ): Promise<boolean> {
    const written = this.#writing.then(() => this.#write(group, from, covers, durable));
    this.#writing = written.then(() => {});
    return written;
  }

  /** Deletes all checkpoints of a group, behind the one under way; a crash half-way leaves some, and they are asked for again. */
  retire(group: GroupId): Promise<void> {
    const retired = this.#writing.then(() => this.#retire(group));
    this.#writing = retired;
    return retired;
  }

  /** How far the journal may be cut if the kernel needs it from `from` on. */
  retainable(from: JournalSeq): JournalSeq {
    let floor: number = from;
    for (const [oldest, next] of this.#kept.values()) {
      if (oldest !== undefined && next !== undefined) floor = Math.min(floor, oldest + 1);
    }
    return journalSeq(floor);
  }

  /** Waits until the write under way is done. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(
    group: GroupId,
    from: Snapshot,
    covers: JournalSeq,
    durable: Promise<boolean>,
  ): Promise<boolean> {
    const { files, identity, incoming, log } = this.#options;
    const growing = below(incoming, `${group}.ckpt`);
    try {
      const { cluster, node } = identity;
      await writeCheckpoint(files, growing, { cluster, node, group, covers }, from);
      if (!(await durable)) return false;
      await files.makeDirectory(this.#directoryOf(group));
      await files.rename(growing, this.#fileOf(group, covers));
      await files.syncDirectory(this.#directoryOf(group));
      await files.syncDirectory(this.#options.directory);
      await this.#dropOlder(group, covers);
      return true;
    } catch (error) {
      log.warn({ group, covers, error: String(error) }, "a checkpoint could not be written");
      await files.remove(growing).catch(() => {});
      return false;
    } finally {
      from.release();
    }
  }

  /** One that was written again at the same place stands for both: the older may be what fills the disk. */
  async #dropOlder(group: GroupId, newest: JournalSeq): Promise<void> {
    const before = this.#kept.get(group) ?? [];
    const again = before[before.length - 1] === newest;
    const kept = [...before.filter((covers) => covers < newest), newest];
    this.#kept.set(group, kept);
    while (kept.length > (again ? 1 : CHECKPOINTS_KEPT)) {
      const [oldest] = kept;
      if (oldest !== undefined) await this.#options.files.remove(this.#fileOf(group, oldest));
      kept.shift();
    }
  }

  /** Null if the file is sound and is what its name says. */
  async #retire(group: GroupId): Promise<void> {
    const { files, log } = this.#options;
    const directory = this.#directoryOf(group);
    this.#kept.delete(group);
    try {
      for (const name of await files.list(directory)) await files.remove(below(directory, name));
    } catch (error) {
      log.warn({ directory, why: String(error) }, "checkpoints of a dropped keyspace not deleted");
    }
  }

  #verdict(group: GroupId, covers: JournalSeq): string | null {
    const read = this.#readerOf(group, covers);
    const header = decodeCheckpointHeader(read(0, CHECKPOINT_HEADER_BYTES));
    if (header instanceof Malformed) return header.message;
    const { cluster, node } = this.#options.identity;
    if (header.cluster !== cluster || header.node !== node) {
      return `written by node ${header.node} of cluster ${header.cluster}, this is ${node} of ${cluster}`;
    }
    if (header.group !== group || header.covers !== covers) return "its name is not its own";
    const footer = verifyCheckpoint(read);
    return footer instanceof Malformed ? footer.message : null;
  }

  async #setAside(group: GroupId, covers: JournalSeq, reason: string): Promise<void> {
    const file = this.#fileOf(group, covers);
    this.#options.log.error({ file, reason }, "a checkpoint is damaged and not used");
    await this.#options.files.rename(file, `${file}${DAMAGED}`);
  }

  #chunks(group: GroupId, covers: JournalSeq): Iterable<Uint8Array> {
    return { [Symbol.iterator]: () => checkpointBlocks(this.#readerOf(group, covers)) };
  }

  #readerOf(group: GroupId, covers: JournalSeq): ReadAt {
    const file = this.#fileOf(group, covers);
    return (at, length) => this.#options.files.readAt(file, at, length);
  }

  #directoryOf(group: GroupId): string {
    return below(this.#options.directory, String(group));
  }

  #fileOf(group: GroupId, covers: JournalSeq): string {
    return below(this.#directoryOf(group), `${String(covers).padStart(20, "0")}.ckpt`);
  }
}
