import type { Bytes, WatchSink } from "../../core/index.ts";
import { keyOfVersion, modRevisionOf } from "./key-value.ts";
import type { MvccStore } from "./store.ts";
import type { Version, VersionSeq } from "./versions.ts";
import type { WatchGroup, WatchIndex } from "./watch-index.ts";
import { varintLength, WireWriter } from "./wire.ts";

/** A part holds at most so many revisions that concern its watchers, */
const PART_REVISIONS_MAX = 1000;
/** and ends with the revision that takes it beyond this: one revision is never cut. */
const PART_BYTES_MAX = 1024 * 1024;

const EVENTS = 0x5a;
const EVENT_TYPE = 0x08;
const EVENT_KV = 0x12;
const EVENT_PREV_KV = 0x1a;
const DELETE = 1;
/** A tag and a length. */
const HEAD_BYTES_MAX = 8;

/**
 * Hands out history from version `start` on to the watchers of an index: whole revisions, `budget` steps or
 * a full part, whichever comes first; nothing of revision `before` or later. Returns where to go on and what
 * it spent.
 */
export function deliver(
  store: MvccStore,
  index: WatchIndex,
  start: VersionSeq,
  before: number,
  budget: number,
  out: WatchSink,
): { readonly next: VersionSeq; readonly spent: number } {
  const delivery = new Delivery(store);
  let spent = 0;
  let seq = start;
  for (let revision = 0; seq <= store.versions.last; seq++) {
    const version = store.versions.get(seq);
    const modRevision = modRevisionOf(version);
    if (modRevision !== revision) {
      if (modRevision >= before || spent >= budget || delivery.isFull) break;
      revision = modRevision;
    }
    spent += 1 + delivery.gather(index, version, modRevision);
  }
  delivery.flush(out);
  return { next: seq, spent };
}

class Delivery {
  readonly #store: MvccStore;
  readonly #touched: WatchGroup[] = [];
  readonly #hits: WatchGroup[] = [];
  #bytes = 0;
  #revisions = 0;
  #lastRevision = 0;

  constructor(store: MvccStore) {
    this.#store = store;
  }

  get isFull(): boolean {
    return this.#bytes >= PART_BYTES_MAX || this.#revisions >= PART_REVISIONS_MAX;
  }

  /** Notes the version for those who want it; how many groups watch its key. */
  gather(index: WatchIndex, version: Version, revision: number): number {
    const hits = this.#hits;
    hits.length = 0;
    index.stab(keyOfVersion(version), hits);
    for (const group of hits) {
      const { noPut, noDelete } = group.spec;
      if (group.from > revision || (version.isTombstone ? noDelete : noPut)) continue;
      if (group.pending.length === 0) this.#touched.push(group);
      group.pending.push(version.seq);
      this.#bytes += version.length;
      if (this.#lastRevision !== revision) this.#revisions++;
      this.#lastRevision = revision;
    }
    return hits.length;
  }

  /** One part for each distinct list of events, named for all who get it. */
  flush(out: WatchSink): void {
    for (const groups of this.#alike()) {
      const [first] = groups;
      if (first === undefined) continue;
      const last = this.#store.versions.get(first.pending.at(-1) ?? 0);
      const ids = groups.length === 1 ? first.ids : groups.flatMap((group) => group.ids);
      out.events(ids, modRevisionOf(last), this.#encode(first));
    }
    for (const group of this.#touched) group.pending = [];
  }

  /** The groups by what they get: all of one list need the same bytes. */
  #alike(): Iterable<WatchGroup[]> {
    const byEvents = new Map<string, WatchGroup[]>();
    for (const group of this.#touched) {
      const { pending, spec } = group;
      const ends = `${spec.prevKv},${pending.length},${pending[0]},${pending.at(-1)}`;
      // Lists of one or two events are told apart by their ends, longer ones by all they hold.
      const name = pending.length <= 2 ? ends : `${spec.prevKv},${pending.join()}`;
      const alike = byEvents.get(name);
      if (alike === undefined) byEvents.set(name, [group]);
      else alike.push(group);
    }
    return byEvents.values();
  }

  /** The `events` fields of a WatchResponse. */
  #encode(group: WatchGroup): Bytes {
    const out = new WireWriter();
    for (const seq of group.pending) {
      const version = this.#store.versions.get(seq);
      const previous = group.spec.prevKv ? this.#store.replacedBy(version) : null;
      let length = fieldLength(version.length) + (version.isTombstone ? 2 : 0);
      if (previous !== null) length += fieldLength(previous.length);
      out.reserve(length + HEAD_BYTES_MAX).head(EVENTS, length);
      if (version.isTombstone) out.uint(EVENT_TYPE, DELETE);
      out.head(EVENT_KV, version.length).copy(version.bytes, version.start, version.end);
      if (previous === null) continue;
      out.head(EVENT_PREV_KV, previous.length).copy(previous.bytes, previous.start, previous.end);
    }
    return out.take();
  }
}

function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}
