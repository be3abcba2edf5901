import type { RequestId, Ticks } from "../core/index.ts";

/** Deadlines are kept to this grain: a request ends within it after its deadline, never before. */
const GRAIN_TICKS = 32;

const NONE: readonly RequestId[] = [];

/** Requests by deadline, in buckets: adding is O(1), and what ended otherwise is passed over when its bucket is due. */
export class Deadlines {
  readonly #buckets = new Map<number, RequestId[]>();
  #earliest = Number.MAX_SAFE_INTEGER;

  add(id: RequestId, deadline: Ticks): void {
    const bucket = Math.ceil(deadline / GRAIN_TICKS);
    const ids = this.#buckets.get(bucket);
    if (ids === undefined) this.#buckets.set(bucket, [id]);
    else ids.push(id);
    this.#earliest = Math.min(this.#earliest, bucket);
  }

  get wakeAt(): Ticks | null {
    return this.#buckets.size === 0 ? null : ((this.#earliest * GRAIN_TICKS) as Ticks);
  }

  /** Those whose deadline has passed, in the order of their deadlines. */
  take(now: Ticks): readonly RequestId[] {
    if (this.#buckets.size === 0 || now < this.#earliest * GRAIN_TICKS) return NONE;
    const due: number[] = [];
    this.#earliest = Number.MAX_SAFE_INTEGER;
    for (const bucket of this.#buckets.keys()) {
      if (bucket * GRAIN_TICKS <= now) due.push(bucket);
      else if (bucket < this.#earliest) this.#earliest = bucket;
    }
    const ids: RequestId[] = [];
    for (const bucket of due.sort((a, b) => a - b)) {
      for (const id of this.#buckets.get(bucket) ?? []) ids.push(id);
      this.#buckets.delete(bucket);
    }
    return ids;
  }
}
