import { HistoryHash, type MvccStore } from "../mvcc/index.ts";
import { revisionFault } from "./range.ts";
import type { Rejected } from "./rejected.ts";

/** An answer to HashKV, computed in slices. */
export interface HashCursor {
  /** Looks at so many versions; true while there are more. */
  next(opsMax: number): boolean;
  /** Valid at the end. */
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
  release(): void;
}

/** Hashes keys and history up to `revision`; 0 is the current one. */
export function openHash(store: MvccStore, revision: number): HashCursor | Rejected {
  const fault = revisionFault(store, revision);
  return fault ?? new HistoryHash(store, revision > 0 ? revision : store.revision);
}
