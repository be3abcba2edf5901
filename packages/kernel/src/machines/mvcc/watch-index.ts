import type { RequestId } from "../../core/index.ts";
import { IntervalIndex } from "../../core/interval-index.ts";
import type { Key, KeyRange } from "./key.ts";
import type { VersionSeq } from "./versions.ts";

/** What a watcher wants to hear of. */
export interface WatchSpec {
  readonly range: KeyRange;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
}

/** Watchers that get the same events: the same wishes and, where it matters, the same first revision. */
export class WatchGroup {
  readonly spec: WatchSpec;
  /** Nothing before this revision is for them. */
  readonly from: number;
  readonly name: string;
  /** Versions that will make up the next part. */
  pending: VersionSeq[] = [];
  readonly #members = new Set<RequestId>();
  #ids: readonly RequestId[] | null = null;

  constructor(spec: WatchSpec, from: number, name: string) {
    this.spec = spec;
    this.from = from;
    this.name = name;
  }

  get ids(): readonly RequestId[] {
    this.#ids ??= [...this.#members];
    return this.#ids;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  add(id: RequestId): void {
    this.#members.add(id);
    this.#ids = null;
  }

  remove(id: RequestId): void {
    this.#members.delete(id);
    this.#ids = null;
  }
}

/**
 * Groups of watchers by the keys they watch. Those of a single key are found in a hash map and those of a range in
 * an interval index, so ten thousand watchers of other keys cost a write next to nothing.
 */
export class WatchIndex {
  readonly #groups = new Map<string, WatchGroup>();
  readonly #byKey = new Map<Key, WatchGroup[]>();
  readonly #byRange = new IntervalIndex<WatchGroup>();

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  join(id: RequestId, spec: WatchSpec, from: number): WatchGroup {
    const name = nameOf(spec, from);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new WatchGroup(spec, from, name);
      this.#groups.set(name, group);
      this.#insert(group);
    }
    group.add(id);
    return group;
  }

  leave(id: RequestId, group: WatchGroup): void {
    group.remove(id);
    if (!group.isEmpty) return;
    this.#groups.delete(group.name);
    this.#delete(group);
  }

  /** Appends to `hits` the groups that watch the key. */
  stab(key: Key, hits: WatchGroup[]): void {
    const single = this.#byKey.get(key);
    if (single !== undefined) for (const group of single) hits.push(group);
    if (this.#byRange.size > 0) this.#byRange.stab(key, hits);
  }

  #insert(group: WatchGroup): void {
    const { range } = group.spec;
    if (!range.isSingle) {
      this.#byRange.add(range.from, range.to, group);
      return;
    }
    const groups = this.#byKey.get(range.from);
    if (groups === undefined) this.#byKey.set(range.from, [group]);
    else groups.push(group);
  }

  #delete(group: WatchGroup): void {
    const { range } = group.spec;
    if (!range.isSingle) {
      this.#byRange.remove(range.from, range.to, group);
      return;
    }
    const left = (this.#byKey.get(range.from) ?? []).filter((other) => other !== group);
    if (left.length === 0) this.#byKey.delete(range.from);
    else this.#byKey.set(range.from, left);
  }
}

function nameOf(spec: WatchSpec, from: number): string {
  const { range, noPut, noDelete, prevKv } = spec;
  const flags =
    (noPut ? 1 : 0) + (noDelete ? 2 : 0) + (prevKv ? 4 : 0) + (range.to === null ? 8 : 0);
  return `${flags},${from},${range.from.length},${range.from}${range.to ?? ""}`;
}
