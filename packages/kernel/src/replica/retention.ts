import type { JournalSeq } from "../core/index.ts";
import type { NodeOptions } from "./options.ts";
import type { Replica } from "./replica.ts";

/** How long the journal's old segments are needed, and which groups to checkpoint so that they no longer are. */
export class Retention {
  readonly #options: NodeOptions;
  /** Checkpoints under way. */
  #writing = 0;
  /** Bytes of the journal so far, and at which count each group's checkpoint stood: who pins old segments. */
  #journalBytes = 0;
  readonly #pinnedAt = new Map<Replica, number>();
  #retained = 0 as JournalSeq;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  adopted(replica: Replica): void {
    this.#pinnedAt.set(replica, this.#journalBytes);
  }

  appended(bytes: number): void {
    this.#journalBytes += bytes;
  }

  begun(): void {
    this.#writing++;
  }

  ended(): void {
    this.#writing--;
  }

  /** A checkpoint of this group is durable: it pins nothing older. */
  renewed(replica: Replica): void {
    this.#pinnedAt.set(replica, this.#journalBytes);
  }

  /** Checkpoints groups that wrote much, and groups that keep old segments from being deleted; a few at a time. */
  schedule(replicas: Iterable<Replica>): void {
    const { checkpointsMax, checkpointBytes, pinnedBytesMax } = this.#options;
    for (const replica of replicas) {
      if (this.#writing >= checkpointsMax) return;
      const pinned = this.#journalBytes - (this.#pinnedAt.get(replica) ?? 0);
      const due = replica.coverage.bytesSince >= checkpointBytes || pinned >= pinnedBytesMax;
      if (due && replica.serving) replica.checkpoint();
    }
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
