import {
  type HolderSettings,
  type LeaseHolder,
  type StartId,
  startHolder,
  startId,
} from "@quorate/kernel/core";
import type { KeyValue } from "../embedded/key-value.ts";

/** A key's value as it was told, and the bytes of the message that it is part of. */
export interface Told {
  readonly kv: KeyValue | null;
  readonly bytes: number;
}

/**
 * How much a cache keeps. What was not used for longest goes first; its lease runs out by itself, or is given back when it is asked for.
 */
export interface EntryBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** The keys that a cache knows something of, by their bytes as text. Those that are being read stay, whatever the bounds. */
export class Entries {
  readonly #settings: HolderSettings;
  readonly #bounds: EntryBounds;
  /** Least recently used first. */
  readonly #holders = new Map<string, LeaseHolder<Told>>();
  #bytes = 0;
  #lives = 0n;

  constructor(settings: HolderSettings, bounds: EntryBounds) {
    this.#settings = settings;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#holders.size;
  }

  /** Null where there is none and no room for one: as many are being read as may be. */
  take(key: string): LeaseHolder<Told> | null {
    const known = this.#holders.get(key);
    if (known !== undefined) return known;
    if (this.#holders.size >= this.#bounds.entriesMax && !this.#evict(key)) return null;
    return startHolder(this.#settings, this.#newLife(), key);
  }

  find(key: string): LeaseHolder<Told> | null {
    return this.#holders.get(key) ?? null;
  }

  /** The newest state of a key, which was used just now. */
  put(key: string, holder: LeaseHolder<Told>): void {
    const before = this.#holders.get(key);
    this.#bytes += bytesOf(holder) - (before === undefined ? 0 : bytesOf(before));
    this.#holders.delete(key);
    this.#holders.set(key, holder);
    while (this.#bytes > this.#bounds.bytesMax && this.#evict(key));
  }

  clear(): void {
    this.#holders.clear();
    this.#bytes = 0;
  }

  /** Forgets one other than `but`. Answers that are under way to it find nobody: a later holder of the key has another life. */
  #evict(but: string): boolean {
    for (const [key, holder] of this.#holders) {
      if (key === but || holder.waiting.length > 0) continue;
      this.#holders.delete(key);
      this.#bytes -= bytesOf(holder);
      return true;
    }
    return false;
  }

  #newLife(): StartId {
    return startId(++this.#lives);
  }
}

const bytesOf = ({ cached, datum }: LeaseHolder<Told>): number =>
  datum.length + (cached?.value?.bytes ?? 0);
