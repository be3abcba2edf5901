import { Hash64, Sum64 } from "../../core/hash64.ts";
import { assert, type Bytes } from "../../core/index.ts";
import { OrderedMap } from "../../core/ordered-map.ts";
import type { Key, KeyRange } from "./key.ts";
import { type KeyValue, keyBytesOf, keyOfVersion, modRevisionOf } from "./key-value.ts";
import { type Version, type VersionSeq, Versions } from "./versions.ts";

/** What a put says of a key; the store knows the rest. */
export interface Put {
  readonly key: Key;
  readonly keyBytes: Bytes;
  readonly value: Bytes;
  readonly lease: bigint;
}

/**
 * Keys with all their versions since the last compaction, under one revision counter (etcd API, section 4).
 *
 * A key whose newest version is a put stands in `live`, one whose newest version is a tombstone in `dead`;
 * either names the newest version, which names the one before. The versions in the order in which they were
 * written are the history that watches are served from.
 *
 * Compaction is a change of `compactRevision` and nothing else: every read asks it how far history may be
 * followed. What thereby became unreachable is given back later by `tidy`, which no answer and no hash shows.
 */
export class MvccStore {
  readonly live: OrderedMap<VersionSeq>;
  readonly dead: OrderedMap<VersionSeq>;
  readonly versions: Versions;
  #state: State;
  readonly #hash = new Hash64();

  constructor(from?: MvccStore) {
    this.live = from?.live.fork() ?? new OrderedMap();
    this.dead = from?.dead.fork() ?? new OrderedMap();
    this.versions = from?.versions.fork() ?? new Versions();
    this.#state = from === undefined ? emptyState() : copyOf(from.#state);
  }

  /** The revision of the last change that was committed; 1 for a store that never changed. */
  get revision(): number {
    return this.#state.revision;
  }

  /** Reads below this revision fail; -1 for a store that was never compacted. */
  get compactRevision(): number {
    return this.#state.compactRevision;
  }

  /** True between the first change of a transaction and its commit. */
  get isChanged(): boolean {
    return this.#state.changes > 0;
  }

  /** The revision that a read in the transaction under way sees. */
  get readRevision(): number {
    return this.isChanged ? this.revision + 1 : this.revision;
  }

  /** The first version of revision `compactRevision` or later: from here on every version is there. */
  get historyStart(): VersionSeq {
    return this.#state.historyStart;
  }

  /** Rises with every write and every compaction: what looks at the store in slices asks whether it stood still. */
  get changeMark(): number {
    return this.versions.last + this.compactRevision;
  }

  /** What the versions that can still be read cost against the quota; equal on replicas. */
  get bytesInUse(): number {
    return this.#state.totalBytes - this.#state.compactedBytes;
  }

  get bytesAllocated(): number {
    return this.versions.bytesAllocated;
  }

  /** The sum over the newest version of every live key, and the chain of every change there ever was. */
  get liveSum(): Sum64 {
    return this.#state.liveSum;
  }
  get chain(): Sum64 {
    return this.#state.chain;
  }

  /** The newest version of a live key. */
  find(key: Key): Version | null {
    const seq = this.live.get(key);
    return seq === undefined ? null : this.versions.get(seq);
  }

  /** The version that `revision` sees, walking back from `seq`; null where the key did not exist then. */
  visible(seq: VersionSeq, revision: number): Version | null {
    for (let version = this.versions.find(seq); version !== null; ) {
      if (modRevisionOf(version) <= revision) return version.isTombstone ? null : version;
      version = this.versions.find(version.previous);
    }
    return null;
  }

  /** What a version replaced, if that was a put and compaction left it readable. */
  replacedBy(version: Version): Version | null {
    if (modRevisionOf(version) <= this.compactRevision) return null;
    const previous = this.versions.find(version.previous);
    return previous === null || previous.isTombstone ? null : previous;
  }

  /** Writes within the transaction under way; `previous` is what `find` says of this key, `before` what it holds. */
  put(put: Put, previous: Version | null, before: KeyValue | null): Version {
    const state = this.#state;
    const modRevision = state.revision + 1;
    const given = {
      key: put.keyBytes,
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0) + 1,
      value: put.value,
      lease: put.lease,
    };
    return this.#append(put.key, given, previous);
  }

  /** Ends a live key within the transaction under way. */
  delete(key: Key, previous: Version): Version {
    const modRevision = this.#state.revision + 1;
    const given = { ...TOMBSTONE, key: keyBytesOf(previous), modRevision };
    return this.#append(key, given, previous);
  }

  /** The live keys of a range, with their newest versions. */
  *entries(range: KeyRange): Generator<readonly [Key, Version]> {
    const cursor = this.live.cursor(range.from, range.to);
    while (cursor.next()) yield [cursor.key, this.versions.get(cursor.value)];
  }

  /** Ends the transaction; the revision rises by one if it changed anything. */
  commit(): number {
    const state = this.#state;
    if (state.changes > 0) state.revision++;
    state.changes = 0;
    return state.revision;
  }

  /** Makes everything below `revision` unreadable, at once; it is not above the current one. */
  compact(revision: number): void {
    const state = this.#state;
    assert(revision > state.compactRevision && revision <= state.revision, "checked by the caller");
    assert(state.changes === 0, "no compaction within a transaction");
    const end = this.firstOf(revision + 1);
    if (end > state.historyStart) state.compactedBytes = this.#supersededThrough(end - 1);
    state.historyStart = this.firstOf(revision);
    state.compactedEnd = end;
    state.compactRevision = revision;
    state.predecessorsSweptTo = state.historyStart;
    state.chain.chain(this.#hash.ofNumbers(revision));
  }

  /** The first version of that revision or a later one; one past the last version if there is none. */
  firstOf(revision: number): VersionSeq {
    let low = this.historyStart;
    let high = this.versions.last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (modRevisionOf(this.versions.get(middle)) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The sum and the chain with the revisions, as one number. */
  hash(): Sum64 {
    const { liveSum, chain, revision, compactRevision } = this.#state;
    return chain
      .copy()
      .add(liveSum)
      .chain(this.#hash.ofNumbers(revision, compactRevision + 1));
  }

  /** Gives back what compaction left unreachable, `budget` versions at most; true while more waits. */
  tidy(budget: number): boolean {
    const state = this.#state;
    for (; budget > 0 && state.sweptTo < state.historyStart; budget--) this.#sweep(state.sweptTo++);
    const end = state.compactedEnd;
    for (; budget > 0 && state.predecessorsSweptTo < end; budget--) {
      this.versions.drop(this.versions.get(state.predecessorsSweptTo++).previous);
    }
    const isSwept = state.sweptTo === state.historyStart && state.predecessorsSweptTo >= end;
    return this.versions.tidy(Math.max(budget, 1)) || !isSwept;
  }

  /** O(1). Stands still while the original goes on; it is only read. */
  fork(): MvccStore {
    return new MvccStore(this);
  }

  /**
   * Takes over a version from a dump: first those from before the compact revision, then all since, in order.
   * `previous` is what `find` says of the key.
   */
  restore(
    key: Key,
    given: Parameters<Versions["append"]>[0],
    previous: Version | null,
    isHistory: boolean,
  ): void {
    this.#append(key, given, previous);
    if (!isHistory) this.#state.historyStart = this.#state.sweptTo = this.versions.last + 1;
  }

  /** Ends a load: what the versions alone do not tell. */
  restored(revision: number, compactRevision: number, chain: Sum64): void {
    const state = this.#state;
    state.revision = revision;
    state.compactRevision = compactRevision;
    state.chain = chain;
    state.changes = 0;
    state.compactedEnd = this.firstOf(compactRevision + 1);
    state.predecessorsSweptTo = state.compactedEnd;
    const last = state.compactedEnd - 1;
    state.compactedBytes = last >= 1 ? this.#supersededThrough(last) : 0;
  }

  /** What was garbage once that version was written; a tombstone is garbage itself. */
  #supersededThrough(seq: VersionSeq): number {
    const version = this.versions.get(seq);
    return version.supersededBytes + (version.isTombstone ? version.costBytes : 0);
  }

  #append(key: Key, given: Parameters<Versions["append"]>[0], previous: Version | null): Version {
    const state = this.#state;
    const isTombstone = given.version === 0;
    const seq = this.versions.last + 1;
    let previousSeq = previous?.seq ?? 0;
    if (isTombstone) {
      this.live.delete(key);
      this.dead.set(key, seq);
    } else {
      if (previous === null && this.dead.size > 0) previousSeq = this.dead.delete(key) ?? 0;
      this.live.set(key, seq);
    }
    state.supersededBytes += previous?.costBytes ?? 0;
    const version = this.versions.append(given, previousSeq, state.supersededBytes);
    if (isTombstone) state.supersededBytes += version.costBytes;
    state.totalBytes += version.costBytes;
    state.changes++;
    const hash = this.#hash.of(version.view, version.start, version.end);
    version.setHash(hash);
    if (previous !== null) state.liveSum.subtract(previous.hash);
    if (!isTombstone) state.liveSum.add(hash);
    state.chain.chain(hash);
    return version;
  }

  /** Drops what the version of that number replaced and, if it ended its key, the version itself. */
  #sweep(seq: VersionSeq): void {
    const version = this.versions.find(seq);
    if (version === null) return;
    this.versions.drop(version.previous);
    if (!version.isTombstone) return;
    const key = keyOfVersion(version);
    if (this.dead.get(key) === seq) this.dead.delete(key);
    this.versions.drop(seq);
  }
}

interface State {
  revision: number;
  compactRevision: number;
  /** Changes of the transaction under way. */
  changes: number;
  historyStart: VersionSeq;
  /** One past the last version of the compact revision. */
  compactedEnd: VersionSeq;
  /** Below this, `tidy` has dropped all that is unreachable. */
  sweptTo: VersionSeq;
  /** The versions of the compact revision itself stay for watches; below this, what they replaced is dropped. */
  predecessorsSweptTo: VersionSeq;
  totalBytes: number;
  supersededBytes: number;
  compactedBytes: number;
  readonly liveSum: Sum64;
  chain: Sum64;
}

const TOMBSTONE = { createRevision: 0, version: 0, value: new Uint8Array(0), lease: 0n };

function emptyState(): State {
  return {
    revision: 1,
    compactRevision: -1,
    changes: 0,
    historyStart: 1,
    compactedEnd: 1,
    sweptTo: 1,
    predecessorsSweptTo: 1,
    totalBytes: 0,
    supersededBytes: 0,
    compactedBytes: 0,
    liveSum: new Sum64(),
    chain: new Sum64(),
  };
}

function copyOf(state: State): State {
  return { ...state, liveSum: state.liveSum.copy(), chain: state.chain.copy() };
}
