import type { KeyspaceId } from "@quorate/kernel/core";
import type { WriteName } from "@quorate/kernel/replica";

/** Who listens at once; one more is refused. */
const LISTENERS_MAX = 10_000;

export type LossListener = (writes: readonly WriteName[]) => void;

/** Who wants to know of writes that are undone, by keyspace. */
export class LossListeners {
  readonly #listeners = new Set<{ readonly keyspace: KeyspaceId; readonly tell: LossListener }>();

  /** Gives what ends it; null where there are too many. */
  add(keyspace: KeyspaceId, tell: LossListener): (() => void) | null {
    if (this.#listeners.size >= LISTENERS_MAX) return null;
    const one = { keyspace, tell };
    this.#listeners.add(one);
    return () => void this.#listeners.delete(one);
  }

  tell(keyspace: KeyspaceId, writes: readonly WriteName[]): void {
    for (const one of this.#listeners) if (one.keyspace === keyspace) one.tell(writes);
  }
}
