import type { Model } from "../run/model.ts";
import type { RunOptions } from "../run/plan.ts";

/** A way to run a keyspace, and what whoever chooses it is promised: the matrix measures whether that is so. */
export interface Profile {
  readonly name: string;
  /** In a sentence, for the page. */
  readonly about: string;
  readonly options: Pick<RunOptions, "keyspace" | "reads">;
  /** All other models are measured, too: what breaks there was never promised. */
  readonly promised: readonly Model[];
}
