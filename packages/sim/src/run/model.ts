/** Models of what the clients of a run saw, strongest first, under the names of `@quorate/verify`. */
export const HISTORY_MODELS = [
  "linearizable",
  /** Only the writes and the comparisons are in one order; what plain reads saw does not count. */
  "linearizable-writes",
  "sequential",
  "causal-memory",
  "pram",
  "read-your-writes",
  "monotonic-reads",
  "monotonic-writes",
  "writes-follow-reads",
] as const;

/** What is promised of the cluster itself, whatever its readers see. */
export const CLUSTER_MODELS = [
  /** When all is over the replicas have equal state (F10), and every value of it was written. */
  "convergence",
  /** In the end every acknowledged write has been applied, once, and no refused one. */
  "durability",
  /** What watchers are told is one history: in order, without gap or repeat, resumed where it stopped. */
  "watch",
  /** A lease that was renewed does not end early; one that was left to time ends, and its key with it. */
  "leases",
  /** What a node shows of itself never goes back, through restarts too. */
  "local-reads",
  /** Every group comes to have the members that the cluster has. */
  "membership",
  /** What memory did to a value is not served (F10). */
  "memory",
  /** After the last fault a read and a write succeed on every node, in bounded time; one fault alone stops nobody. */
  "progress",
  /** Nobody stops or repairs itself without a reason. */
  "steadiness",
  /** The paper's safety properties at every step (Raft, Figure 3), and every assertion. */
  "invariants",
] as const;

/** All that a run can be held against. */
export const MODELS = [...HISTORY_MODELS, ...CLUSTER_MODELS] as const;

export type Model = (typeof MODELS)[number];

/** What broke of each model that the run was held against, in words; none: it held. What could not be judged is not there. */
export type Findings = ReadonlyMap<Model, readonly string[]>;
