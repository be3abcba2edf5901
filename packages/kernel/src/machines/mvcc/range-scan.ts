import { assert, type Sink } from "../../core/index.ts";
import { isInRange, type KeyRange } from "./key.ts";
import { KeyValue, keyOfVersion } from "./key-value.ts";
import { SortedRuns } from "./sorted-runs.ts";
import type { MvccStore } from "./store.ts";
import type { Version, VersionSeq } from "./versions.ts";
import { EarlierVersions, NewestVersion, NewestVersions, type VisibleVersions } from "./visible.ts";
import { WireWriter } from "./wire.ts";

export type SortTarget = "key" | "version" | "create" | "mod" | "value";

/** What a range request asks for (etcd API, section 5). Zero switches a bound or the limit off. */
export interface RangeOptions {
  readonly range: KeyRange;
  /** At or above the compact revision and not above the current one; 0 is the newest state. */
  readonly revision: number;
  readonly limit: number;
  readonly order: "none" | "ascend" | "descend";
  readonly target: SortTarget;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

const KVS = 0x12;
/** A tag and a length. */
const HEAD_BYTES_MAX = 8;
/** Small key-values are gathered into parts of about this size; larger ones go out as slices of their slab. */
const PART_BYTES = 64 * 1024;
const SLICE_BYTES_MIN = 16 * 1024;
/** Keys looked at in one call of `next`: some milliseconds. */
const SCAN_KEYS_MAX = 2048;
/** Up to here the keys of an earlier revision are counted by taking back what was written since. */
const COUNT_BACK_VERSIONS_MAX = 4096;

/**
 * One range request under way, in slices. It looks at the store itself as long as that has not changed, so the
 * first `next` belongs into the turn in which the scan was made; a scan that is not done then goes on from a fork.
 */
export class RangeScan {
  readonly revision: number;
  more = false;
  count = 0;
  #store: MvccStore;
  #isForked = false;
  readonly #madeAt: number;
  readonly #options: RangeOptions;
  readonly #writer: WireWriter;
  #keys: VisibleVersions | null;
  #isCounting: boolean;
  readonly #sorted: Collected | null;
  #matched = 0;
  #emitted = 0;

  constructor(store: MvccStore, options: RangeOptions, writer = new WireWriter()) {
    this.#store = store;
    this.#options = options;
    this.#writer = writer;
    this.#madeAt = store.changeMark;
    this.revision = store.readRevision;
    const keys = this.#open(options.range);
    const count = countNow(store, options, keys);
    this.count = count ?? 0;
    this.#isCounting = count === null;
    this.#keys = options.countOnly && count !== null ? null : keys;
    this.#sorted = isSorted(options) ? new Collected(store, options) : null;
  }

  /** Puts encoded `kvs` fields of about `bytesMax` bytes; true while there is more to do. */
  next(bytesMax: number, out: Sink): boolean {
    const isUnchanged = this.#store.changeMark === this.#madeAt;
    assert(this.#isForked || isUnchanged, "a scan's first slice is taken before the store changes");
    const parts = new Parts(out, this.#writer, this.#options.keysOnly);
    for (let steps = 0; steps < SCAN_KEYS_MAX && parts.bytes < bytesMax; steps++) {
      if (this.#keys !== null) this.#scan(this.#keys, parts);
      else if (!this.#emitSorted(parts)) {
        parts.end();
        return false;
      }
    }
    parts.end();
    this.#standStill();
    return true;
  }

  release(): void {
    this.#keys = null;
  }

  #open(range: KeyRange): VisibleVersions {
    const { revision } = this.#options;
    if (!isNewest(this.#store, revision)) return new EarlierVersions(this.#store, range, revision);
    return range.isSingle
      ? new NewestVersion(this.#store, range.from)
      : new NewestVersions(this.#store, range);
  }

  /** Goes on from a fork: what the scan has not read yet must not change beneath it. */
  #standStill(): void {
    if (this.#isForked) return;
    this.#isForked = true;
    this.#store = this.#store.fork();
    this.#sorted?.moveTo(this.#store);
    if (this.#keys === null) return;
    const { to } = this.#options.range;
    this.#keys = this.#open({ from: `${this.#keys.key}\0`, to, isSingle: false });
  }

  #scan(keys: VisibleVersions, parts: Parts): void {
    if (!keys.next()) {
      this.#endScan();
      return;
    }
    const version = keys.version;
    if (version === null) return;
    if (this.#isCounting) this.count++;
    if (!this.#options.countOnly && !this.#isFull) this.#take(version, parts);
    if (this.#isFull && !this.#isCounting) this.#endScan();
  }

  /** Whether no further key can change what is given out: with a limit, one key beyond it was found. */
  get #isFull(): boolean {
    const { limit } = this.#options;
    if (limit <= 0 || this.#matched <= limit) return false;
    return this.#sorted === null || !readsAll(this.#options);
  }

  #take(version: Version, parts: Parts): void {
    const { limit } = this.#options;
    if (!passes(version, this.#options)) return;
    this.#matched++;
    if (this.#sorted !== null) this.#sorted.add(version);
    else if (limit <= 0 || this.#matched <= limit) parts.put(version);
  }

  #endScan(): void {
    const { limit } = this.#options;
    this.#keys = null;
    this.#sorted?.seal();
    this.more = limit > 0 && this.#matched > limit;
  }

  #emitSorted(parts: Parts): boolean {
    const { limit } = this.#options;
    if (this.#sorted === null || (limit > 0 && this.#emitted >= limit)) return false;
    const version = this.#sorted.next();
    if (version === null) return false;
    this.#emitted++;
    parts.put(version);
    return true;
  }
}

/** The versions that passed, to be given out in the order asked for; equal ones in the order of their keys. */
class Collected {
  #store: MvccStore;
  readonly #seqs: VersionSeq[] = [];
  readonly #numbers: number[] = [];
  readonly #target: SortTarget;
  readonly #runs: SortedRuns;

  constructor(store: MvccStore, options: RangeOptions) {
    this.#store = store;
    this.#target = options.target;
    const sign = options.order === "descend" ? -1 : 1;
    const compare = (a: number, b: number): number => sign * this.#compare(a, b) || a - b;
    this.#runs = new SortedRuns(compare, options.limit > 0 ? options.limit : Infinity);
  }

  moveTo(store: MvccStore): void {
    this.#store = store;
  }

  add(version: Version): void {
    this.#runs.add(this.#seqs.length);
    this.#seqs.push(version.seq);
    if (this.#target === "key" || this.#target === "value") return;
    const fields = new KeyValue(version);
    if (this.#target === "version") this.#numbers.push(fields.version);
    else if (this.#target === "create") this.#numbers.push(fields.createRevision);
    else this.#numbers.push(fields.modRevision);
  }

  seal(): void {
    this.#runs.seal();
  }

  next(): Version | null {
    const at = this.#runs.next();
    return at === null ? null : this.#version(at);
  }

  #compare(a: number, b: number): number {
    if (this.#target === "key") return a - b;
    if (this.#target !== "value") return (this.#numbers[a] ?? 0) - (this.#numbers[b] ?? 0);
    return new KeyValue(this.#version(a)).compareValue(new KeyValue(this.#version(b)).value);
  }

  #version(at: number): Version {
    return this.#store.versions.get(this.#seqs[at] ?? 0);
  }
}

/** Gathers encoded key-values and hands them out in parts. */
class Parts {
  bytes = 0;
  readonly #out: Sink;
  readonly #keysOnly: boolean;
  readonly #writer: WireWriter;

  constructor(out: Sink, writer: WireWriter, keysOnly: boolean) {
    this.#out = out;
    this.#writer = writer;
    this.#keysOnly = keysOnly;
  }

  put(version: Version): void {
    if (this.#keysOnly) new KeyValue(version).writeWithoutValue(KVS, this.#writer);
    else if (version.length < SLICE_BYTES_MIN) {
      this.#writer.reserve(version.length + HEAD_BYTES_MAX);
      this.#writer.head(KVS, version.length).copy(version.bytes, version.start, version.end);
    } else {
      this.#writer.head(KVS, version.length);
      this.#flush();
      this.#give(version.payload);
    }
    if (this.#writer.length >= PART_BYTES) this.#flush();
  }

  end(): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#writer.length > 0) this.#give(this.#writer.take());
  }

  #give(part: Uint8Array): void {
    this.bytes += part.length;
    this.#out.put(part);
  }
}

function isNewest(store: MvccStore, revision: number): boolean {
  return revision <= 0 || (revision === store.revision && !store.isChanged);
}

/** The count where it can be told without walking the range; null where it cannot. */
function countNow(store: MvccStore, options: RangeOptions, keys: VisibleVersions): number | null {
  const { range, revision } = options;
  if (keys instanceof NewestVersion) return keys.version === null ? 0 : 1;
  const count = store.live.count(range.from, range.to);
  if (isNewest(store, revision)) return count;
  const since = store.firstOf(revision + 1);
  return store.versions.last - since >= COUNT_BACK_VERSIONS_MAX
    ? null
    : count - gainedSince(store, range, since);
}

/** By how many live keys the range grew with the versions from `since` on. */
function gainedSince(store: MvccStore, range: KeyRange, since: VersionSeq): number {
  let gained = 0;
  for (let seq = since; seq <= store.versions.last; seq++) {
    const version = store.versions.get(seq);
    if (!isInRange(keyOfVersion(version), range)) continue;
    if (version.isTombstone) gained--;
    else if (new KeyValue(version).version === 1) gained++;
  }
  return gained;
}

function isSorted(options: RangeOptions): boolean {
  return !options.countOnly && (options.order === "descend" || options.target !== "key");
}

/**
 * Whether a limit applies only after the whole range was read: with an order or a filter. A target other than the
 * key without an order does not count: then limit + 1 keys are read and those are sorted (section 5.2).
 */
function readsAll(options: RangeOptions): boolean {
  return options.order !== "none" || hasFilter(options);
}

function hasFilter(options: RangeOptions): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  return (
    minModRevision !== 0 ||
    maxModRevision !== 0 ||
    minCreateRevision !== 0 ||
    maxCreateRevision !== 0
  );
}

function passes(version: Version, options: RangeOptions): boolean {
  if (!hasFilter(options)) return true;
  const { createRevision, modRevision } = new KeyValue(version);
  if (options.minModRevision !== 0 && modRevision < options.minModRevision) return false;
  if (options.maxModRevision !== 0 && modRevision > options.maxModRevision) return false;
  if (options.minCreateRevision !== 0 && createRevision < options.minCreateRevision) return false;
  return options.maxCreateRevision === 0 || createRevision <= options.maxCreateRevision;
}
