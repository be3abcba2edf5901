import type { JournalSeq, Ticks } from "../core/index.ts";
import type { NodeOptions } from "./options.ts";
import type { Replica } from "./replica.ts";

/** All groups are looked at so often while the journal grows by what one may keep from being deleted. */
const SWEEPS = 8;

/** While room is short all groups are checkpointed again so often, to let go of whatever can be. */
const PRESS_TICKS = 5000;
/** After a checkpoint that failed none is tried for so long: it may have failed for want of room. */
const REST_TICKS = 5000;

/** How long the journal's old segments are needed, and which groups to checkpoint so that they no longer are. */
export class Retention {
  readonly #options: NodeOptions;
  /** Checkpoints under way. */
  #writing = 0;
  /** Bytes of the journal so far, and at which count each group's checkpoint stood: who pins old segments. */
  #journalBytes = 0;
  readonly #pinnedAt = new Map<Replica, number>();
  /** Groups to checkpoint when there is room for it, and whether the log behind may stay for followers that lag. */
  readonly #due = new Map<Replica, "withTail" | "bare">();
  #sweptAt = 0;
  #retained = 0 as JournalSeq;
  /** When all groups are to be checkpointed for want of room; null while there is room. */
  #pressAt: Ticks | null = null;
  #restUntil = 0 as Ticks;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  adopted(replica: Replica): void {
    this.#pinnedAt.set(replica, this.#journalBytes);
  }

  /** It is gone, and pins nothing. */
  forget(replica: Replica): void {
    this.#pinnedAt.delete(replica);
    this.#due.delete(replica);
  }

  appended(bytes: number): void {
    this.#journalBytes += bytes;
  }

  begun(): void {
    this.#writing++;
  }

  ended(ok: boolean, now: Ticks): void {
    this.#writing--;
    if (!ok) this.#restUntil = (now + REST_TICKS) as Ticks;
  }

  /** Room is short, or is there again. While it is short checkpoints keep no log behind them, so that segments can go. */
  press(short: boolean, now: Ticks): void {
    this.#pressAt = short ? now : null;
  }

  get wakeAt(): Ticks | null {
    return this.#pressAt;
  }

  /** Checkpoints all groups when there is room for it: what is damaged is no longer needed, and is to go. */
  renew(all: Iterable<Replica>): void {
    for (const replica of all) this.#due.set(replica, "bare");
  }

  /** A checkpoint of this group is durable: it pins nothing older. */
  renewed(replica: Replica): void {
    this.#pinnedAt.set(replica, this.#journalBytes);
    this.#due.delete(replica);
  }

  /**
   * Checkpoints groups that wrote much, and groups that keep old segments from being deleted; a few at a time. Looks at
   * those that ran, and at all of them only now and then: a thousand idle groups cost a turn nothing.
   */
  schedule(ran: Iterable<Replica>, all: Iterable<Replica>, now: Ticks): void {
    if (this.#pressAt !== null && now >= this.#pressAt) {
      this.#pressAt = (now + PRESS_TICKS) as Ticks;
      this.renew(all);
    }
    const { checkpointsMax, checkpointBytes, pinnedBytesMax } = this.#options;
    for (const replica of ran)
      if (replica.coverage.bytesSince >= checkpointBytes && !this.#due.has(replica))
        this.#due.set(replica, "withTail");
    if (this.#journalBytes - this.#sweptAt >= pinnedBytesMax / SWEEPS) {
      this.#sweptAt = this.#journalBytes;
      // Its tail is what pins: the last entries of an idle group stand in the oldest segments.
      for (const replica of all)
        if (this.#pinned(replica) >= pinnedBytesMax) this.#due.set(replica, "bare");
    }
    if (this.#due.size === 0) return;
    for (const [replica, extent] of this.#due) {
      if (this.#writing >= checkpointsMax || now < this.#restUntil) return;
      if (replica.serving) replica.checkpoint(extent === "withTail" && this.#pressAt === null);
    }
  }

  #pinned(replica: Replica): number {
    return this.#journalBytes - (this.#pinnedAt.get(replica) ?? 0);
  }

  /** The first record that some group still needs, where that has moved on; else null. */
  advance(replicas: Iterable<Replica>): JournalSeq | null {
    let least = Number.MAX_SAFE_INTEGER;
    for (const { coverage } of replicas) least = Math.min(least, coverage.covers);
    const from = (least + 1) as JournalSeq;
    if (from <= this.#retained) return null;
    this.#retained = from;
    return from;
  }
}
