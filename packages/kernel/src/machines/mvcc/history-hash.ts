import { Hash64, Sum64 } from "../../core/hash64.ts";
import { assert } from "../../core/index.ts";
import { modRevisionOf } from "./key-value.ts";
import type { MvccStore } from "./store.ts";
import type { Version } from "./versions.ts";

/**
 * Hashes what can be read at the compact revision and every version since, up to `revision`: equal on replicas
 * with equal compact revisions. Recomputed from the bytes in memory, in slices; the first belongs into the
 * turn in which this was made, the others read a fork.
 */
export class HistoryHash {
  readonly hashRevision: number;
  readonly compactRevision: number;
  #store: MvccStore;
  #isForked = false;
  readonly #madeAt: number;
  readonly #hash = new Hash64();
  readonly #sum = new Sum64();
  #phase: "live" | "dead" | "history" | "done" = "live";
  #at = 0;

  constructor(store: MvccStore, revision: number) {
    this.#store = store;
    this.#madeAt = store.changeMark;
    this.hashRevision = revision;
    this.compactRevision = store.compactRevision;
  }

  /** 32 bits. Valid once `next` said that there is no more. */
  get hash(): number {
    return (this.#sum.high ^ this.#sum.low) >>> 0;
  }

  /** Looks at `opsMax` versions; true while there are more. */
  next(opsMax: number): boolean {
    const isUnchanged = this.#store.changeMark === this.#madeAt;
    assert(this.#isForked || isUnchanged, "a hash's first slice is taken before the store changes");
    for (let ops = opsMax; ops > 0 && this.#phase !== "done"; ops--) this.#step();
    if (this.#phase === "done") return false;
    if (!this.#isForked) this.#store = this.#store.fork();
    this.#isForked = true;
    return true;
  }

  release(): void {
    this.#phase = "done";
  }

  #step(): void {
    if (this.#phase === "history") {
      this.#stepInHistory();
      return;
    }
    const keys = this.#phase === "live" ? this.#store.live : this.#store.dead;
    const key = keys.keyAt(this.#at++);
    const seq = key === undefined ? undefined : keys.get(key);
    if (seq !== undefined) this.#add(this.#store.visible(seq, this.compactRevision));
    else if (this.#phase === "live") this.#enter("dead", 0);
    else this.#enter("history", this.#store.firstOf(this.compactRevision + 1));
  }

  #stepInHistory(): void {
    const version =
      this.#at > this.#store.versions.last ? null : this.#store.versions.get(this.#at);
    if (version === null || modRevisionOf(version) > this.hashRevision) this.#phase = "done";
    else this.#add(version);
    this.#at++;
  }

  #enter(phase: "dead" | "history", at: number): void {
    this.#phase = phase;
    this.#at = at;
  }

  #add(version: Version | null): void {
    if (version === null) return;
    this.#sum.add(this.#hash.of(version.view, version.start, version.end));
  }
}
