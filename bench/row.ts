import type { Figure } from "./figures.ts";

export interface RowOptions {
  /** etcd is on this machine. */
  readonly withPeer: boolean;
  /** Fewer rounds and shorter ones: to see that a row works, not to quote it. */
  readonly quick: boolean;
}

/** What a benchmark hands back. */
export interface RowResult {
  /** For the table that all rows share. */
  readonly figures?: readonly Figure[];
  /** What does not fit there. */
  readonly text: string;
  /** For the stored results: everything that was measured. */
  readonly data: unknown;
}

export type Row = (options: RowOptions) => Promise<RowResult>;
