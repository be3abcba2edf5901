import type { Rule } from "../rules.ts";

/** A rule whose loss no seed of a cluster of nodes was found to show, and the schedule of the protocol alone that does. */
export interface Scheduled {
  /** Why the seeds do not come upon it. */
  readonly why: string;
  /** What the checks find with the rule on, or off. */
  readonly violations: (on: boolean) => readonly string[];
}

export type Schedules = { readonly [R in Rule]?: Scheduled };
