import type { OrderedCursor } from "../../core/ordered-map.ts";
import type { Key, KeyRange } from "./key.ts";
import type { MvccStore } from "./store.ts";
import type { Version, VersionSeq } from "./versions.ts";

/** Walks the keys of a range upwards, key by key, showing of each the version that a revision sees. */
export interface VisibleVersions {
  /** Steps to the next key; false at the end. */
  next(): boolean;
  /** The key that `next` stepped to. */
  readonly key: Key;
  /** Null where this key did not exist at that revision. */
  readonly version: Version | null;
}

/** The newest versions: live keys only. */
export class NewestVersions implements VisibleVersions {
  readonly #store: MvccStore;
  readonly #cursor: OrderedCursor<VersionSeq>;

  constructor(store: MvccStore, range: KeyRange) {
    this.#store = store;
    this.#cursor = store.live.cursor(range.from, range.to);
  }

  next(): boolean {
    return this.#cursor.next();
  }

  get key(): Key {
    return this.#cursor.key;
  }

  get version(): Version {
    return this.#store.versions.get(this.#cursor.value);
  }
}

/** The newest version of one key, if it lives. */
export class NewestVersion implements VisibleVersions {
  readonly key: Key;
  readonly version: Version | null;
  #isShown = false;

  constructor(store: MvccStore, key: Key) {
    this.key = key;
    this.version = store.find(key);
  }

  next(): boolean {
    const isNext = !this.#isShown;
    this.#isShown = true;
    return isNext;
  }
}

/** The versions of an earlier revision: keys that live now and keys that died since, merged. */
export class EarlierVersions implements VisibleVersions {
  readonly #store: MvccStore;
  readonly #revision: number;
  readonly #live: OrderedCursor<VersionSeq>;
  readonly #dead: OrderedCursor<VersionSeq>;
  #hasLive: boolean;
  #hasDead: boolean;
  key: Key;
  version: Version | null = null;

  constructor(store: MvccStore, range: KeyRange, revision: number) {
    this.#store = store;
    this.#revision = revision;
    this.key = range.from;
    this.#live = store.live.cursor(range.from, range.to);
    this.#dead = store.dead.cursor(range.from, range.to);
    this.#hasLive = this.#live.next();
    this.#hasDead = this.#dead.next();
  }

  next(): boolean {
    if (!this.#hasLive && !this.#hasDead) return false;
    const isLive = this.#hasLive && (!this.#hasDead || this.#live.key < this.#dead.key);
    const cursor = isLive ? this.#live : this.#dead;
    this.key = cursor.key;
    this.version = this.#store.visible(cursor.value, this.#revision);
    if (isLive) this.#hasLive = this.#live.next();
    else this.#hasDead = this.#dead.next();
    return true;
  }
}
