import { assert, type Bytes, type RequestId, type WatchSink } from "../../core/index.ts";
import { OrderedMap } from "../../core/ordered-map.ts";
import { deliver } from "./delivery.ts";
import { modRevisionOf } from "./key-value.ts";
import type { MvccStore } from "./store.ts";
import type { VersionSeq } from "./versions.ts";
import { type WatchGroup, WatchIndex, type WatchSpec } from "./watch-index.ts";

/** Watchers that are brought up to date together, by one walk through history. */
const COHORT_MAX = 512;

interface Watcher {
  readonly id: RequestId;
  readonly spec: WatchSpec;
  /** The first revision not handed to it yet. Kept only while it is not in a group: a group knows better. */
  next: number;
  place: Place;
}

type Place =
  /** Up to date: gets what was applied at every pump. */
  | { readonly type: "live"; readonly group: WatchGroup }
  /** Its first revision has not come yet. */
  | { readonly type: "future" }
  /** Behind, waiting for the next cohort. */
  | { readonly type: "behind" }
  /** Behind, in the cohort under way. */
  | { readonly type: "cohort"; readonly group: WatchGroup }
  | { readonly type: "stalled" };

interface Cohort {
  readonly index: WatchIndex;
  readonly members: Set<Watcher>;
  seq: VersionSeq;
  /** Everything below was handed to those members who start below it. */
  revision: number;
}

interface Staged {
  ids: readonly RequestId[];
  readonly firstRevision: number;
  readonly revision: number;
  readonly part: Bytes;
}

/**
 * The watchers of a store, on this replica alone. Those that are up to date share one position in history and are
 * found through an index, so a write costs nothing for watchers of other keys. Those behind are brought up
 * in cohorts: each cohort walks history once, from its earliest need to the present, and only then does the
 * next one start, so nobody can be kept back for ever by late-comers.
 */
export class Watchers {
  readonly #store: MvccStore;
  readonly #watchers = new Map<RequestId, Watcher>();
  readonly #live = new WatchIndex();
  /** By first revision, then id. */
  readonly #future = new OrderedMap<Watcher>();
  readonly #behind = new Set<Watcher>();
  #cohort: Cohort | null = null;
  /** Events of live watchers encoded before a compaction took their history. */
  #staged: Staged[] = [];
  /** Live watchers were handed everything up to this revision; the rest begins at version `#nextSeq`. */
  #pumped: number;
  #nextSeq: VersionSeq;

  constructor(store: MvccStore) {
    this.#store = store;
    this.#pumped = store.revision;
    this.#nextSeq = store.versions.last + 1;
  }

  get count(): number {
    return this.#watchers.size;
  }

  /** Opens a watcher; `start` 0 is "from the next revision on". Events come from later pumps. */
  open(id: RequestId, spec: WatchSpec, start: number): void {
    assert(!this.#watchers.has(id), "a request id is used once");
    const next = start > 0 ? start : this.#store.revision + 1;
    const watcher: Watcher = { id, spec, next, place: { type: "stalled" } };
    this.#watchers.set(id, watcher);
    this.#enter(watcher);
  }

  close(id: RequestId): void {
    this.stall(id);
    this.#watchers.delete(id);
  }

  /** Nothing more for this one until `drain`. */
  stall(id: RequestId): void {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return;
    this.#leave(watcher);
    watcher.place = { type: "stalled" };
    for (const staged of this.#staged) {
      if (!staged.ids.includes(id)) continue;
      staged.ids = staged.ids.filter((other) => other !== id);
      watcher.next = Math.min(watcher.next, staged.firstRevision);
    }
  }

  /** Goes on where `stall` stopped. */
  drain(id: RequestId): void {
    const watcher = this.#watchers.get(id);
    if (watcher?.place.type === "stalled") this.#enter(watcher);
  }

  /** Hands out what was applied, then history; about `budget` versions and hits. True while more waits. */
  pump(budget: number, out: WatchSink): boolean {
    for (const { ids, revision, part } of this.#staged) {
      if (ids.length > 0) out.events(ids, revision, part);
    }
    this.#staged = [];
    const left = this.#pumpLive(budget, out);
    this.#pumpCohort(Math.max(left, 1), out);
    const isLate = this.#pumped < this.#store.revision;
    return isLate || this.#cohort !== null || this.#behind.size > 0;
  }

  /** The revision up to which all of these have all their events, or null. */
  progress(ids: readonly RequestId[]): number | null {
    if (this.#staged.length > 0) return null;
    const isLive = (id: RequestId): boolean => this.#watchers.get(id)?.place.type === "live";
    return ids.every(isLive) ? this.#pumped : null;
  }

  /**
   * To be called before history below `revision` goes: what live watchers have not been handed of it yet is
   * encoded now. It is at most what was applied since the last pump.
   */
  beforeCompaction(revision: number): void {
    if (this.#pumped >= revision) return;
    const stage: WatchSink = {
      events: (ids, last, part) => {
        const firstRevision = this.#pumped + 1;
        this.#staged.push({ ids, firstRevision, revision: last, part });
      },
      compacted: () => assert(false, "live watchers are never behind a compaction"),
    };
    this.#pumpLive(Number.MAX_SAFE_INTEGER, stage);
  }

  /** Puts a watcher that is nowhere where its next revision says. */
  #enter(watcher: Watcher): void {
    if (watcher.next <= this.#pumped) {
      watcher.place = { type: "behind" };
      this.#behind.add(watcher);
    } else if (watcher.next > this.#pumped + 1) {
      watcher.place = { type: "future" };
      this.#future.set(futureKey(watcher), watcher);
    } else {
      watcher.place = { type: "live", group: this.#live.join(watcher.id, watcher.spec, 0) };
    }
  }

  #leave(watcher: Watcher): void {
    const { place } = watcher;
    if (place.type === "live") {
      this.#live.leave(watcher.id, place.group);
      watcher.next = this.#pumped + 1;
    } else if (place.type === "future") this.#future.delete(futureKey(watcher));
    else if (place.type === "behind") this.#behind.delete(watcher);
    else if (place.type === "cohort") this.#leaveCohort(watcher, place.group);
  }

  #leaveCohort(watcher: Watcher, group: WatchGroup): void {
    const cohort = this.#cohort;
    assert(cohort !== null, "a member of a cohort has one");
    cohort.index.leave(watcher.id, group);
    cohort.members.delete(watcher);
    watcher.next = Math.max(watcher.next, cohort.revision);
  }

  #pumpLive(budget: number, out: WatchSink): number {
    while (budget > 0 && this.#pumped < this.#store.revision) {
      const until = Math.min(this.#store.revision + 1, this.#firstFuture());
      if (this.#live.isEmpty) this.#moveTo(until - 1, this.#store.firstOf(until));
      else {
        const { next, spent } = deliver(this.#store, this.#live, this.#nextSeq, until, budget, out);
        budget -= spent;
        const rest = next > this.#store.versions.last ? until : this.#revisionOf(next);
        this.#moveTo(Math.min(rest, until) - 1, next);
      }
    }
    return budget;
  }

  /** Live watchers now stand at that revision; those whose turn comes next join them. */
  #moveTo(revision: number, nextSeq: VersionSeq): void {
    this.#pumped = revision;
    this.#nextSeq = nextSeq;
    while (this.#firstFuture() <= revision + 1) {
      const watcher = this.#future.delete(this.#future.keyAt(0) ?? "");
      if (watcher !== undefined) this.#enter(watcher);
    }
  }

  #firstFuture(): number {
    const key = this.#future.keyAt(0);
    return key === undefined ? Number.POSITIVE_INFINITY : (this.#future.get(key)?.next ?? 0);
  }

  #pumpCohort(budget: number, out: WatchSink): void {
    while (budget > 0) {
      this.#cohort ??= this.#gatherCohort();
      const cohort = this.#cohort;
      if (cohort === null) return;
      this.#dropCompacted(cohort, out);
      if (cohort.members.size === 0) {
        this.#cohort = null;
        continue;
      }
      const { index } = cohort;
      const before = this.#store.revision + 1;
      const { next, spent } = deliver(this.#store, index, cohort.seq, before, budget, out);
      budget -= spent + 1;
      cohort.seq = next;
      cohort.revision = next > this.#store.versions.last ? before : this.#revisionOf(next);
      if (cohort.revision === before) this.#endCohort(cohort);
    }
  }

  #gatherCohort(): Cohort | null {
    if (this.#behind.size === 0) return null;
    const cohort: Cohort = { index: new WatchIndex(), members: new Set(), seq: 0, revision: 0 };
    for (const watcher of this.#behind) {
      if (cohort.members.size === COHORT_MAX) break;
      this.#behind.delete(watcher);
      cohort.members.add(watcher);
      const group = cohort.index.join(watcher.id, watcher.spec, watcher.next);
      watcher.place = { type: "cohort", group };
      if (cohort.revision === 0 || watcher.next < cohort.revision) cohort.revision = watcher.next;
    }
    cohort.seq = this.#store.firstOf(cohort.revision);
    return cohort;
  }

  /** Ends the members whose history is gone, and takes the others to where it begins. */
  #dropCompacted(cohort: Cohort, out: WatchSink): void {
    const { compactRevision, historyStart } = this.#store;
    if (cohort.revision >= compactRevision) return;
    for (const watcher of cohort.members) {
      if (watcher.next >= compactRevision) continue;
      this.close(watcher.id);
      out.compacted(watcher.id, compactRevision);
    }
    cohort.revision = compactRevision;
    cohort.seq = historyStart;
  }

  #endCohort(cohort: Cohort): void {
    const members = [...cohort.members];
    for (const watcher of members) this.#leave(watcher);
    this.#cohort = null;
    for (const watcher of members) this.#enter(watcher);
  }

  #revisionOf(seq: VersionSeq): number {
    return modRevisionOf(this.#store.versions.get(seq));
  }
}

function futureKey(watcher: Watcher): string {
  return `${String(watcher.next).padStart(20, "0")},${watcher.id}`;
}
