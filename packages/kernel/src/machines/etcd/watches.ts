import type { Bytes, RequestId, WatchSink, WatchSource } from "../../core/index.ts";
import { type KeyRange, keyRange, type MvccStore, Watchers } from "../mvcc/index.ts";
import { COMPACTED, isRejected, TOO_MANY_REQUESTS } from "./rejected.ts";
import { decode, readWatchCreate, type WatchCreateRequest } from "./requests.ts";
import type { EtcdRules } from "./rules.ts";

const EMPTY_RANGE = "mvcc: watcher range is empty";
/** The least key: where a watch without a key begins. */
const FIRST_KEY = new Uint8Array(1);

/** Watches of a keyspace, opened with WatchCreateRequest bytes; refusals are in the API's words (section 9.1). */
export class EtcdWatches implements WatchSource {
  readonly #store: MvccStore;
  readonly #watchersMax: number;
  readonly #rules: EtcdRules;
  readonly #watchers: Watchers;

  constructor(store: MvccStore, watchersMax: number, rules: EtcdRules) {
    this.#rules = rules;
    this.#store = store;
    this.#watchersMax = watchersMax;
    this.#watchers = new Watchers(store);
  }

  get count(): number {
    return this.#watchers.count;
  }

  watch(id: RequestId, body: Bytes): { readonly revision: number } | { readonly refused: string } {
    const request = decode(readWatchCreate, body);
    if (isRejected(request)) return { refused: request.message };
    if (request.startRevision < 0) return { refused: COMPACTED.message };
    const range = watchedRange(request);
    if (range.to !== null && range.to <= range.from) return { refused: EMPTY_RANGE };
    if (this.count >= this.#watchersMax) return { refused: TOO_MANY_REQUESTS.message };
    const { noPut, noDelete, prevKv, startRevision } = request;
    const late = startRevision > 0 && !this.#rules.watchFromStart ? 1 : 0;
    this.#watchers.open(id, { range, noPut, noDelete, prevKv }, startRevision + late);
    return { revision: this.#store.revision };
  }

  unwatch(id: RequestId): void {
    this.#watchers.close(id);
  }

  stall(id: RequestId): void {
    this.#watchers.stall(id);
  }

  drain(id: RequestId): void {
    this.#watchers.drain(id);
  }

  pump(budgetOps: number, out: WatchSink): boolean {
    return this.#watchers.pump(budgetOps, out);
  }

  progress(ids: readonly RequestId[]): number | null {
    return this.#watchers.progress(ids);
  }

  beforeCompaction(revision: number): void {
    this.#watchers.beforeCompaction(revision);
  }
}

function watchedRange(request: WatchCreateRequest): KeyRange {
  return keyRange(request.key.length === 0 ? FIRST_KEY : request.key, request.rangeEnd);
}
