/** The safety rules of the etcd machine, each with a switch: see `RaftRules`. */
export interface EtcdRules {
  /** A watch that names a revision is told of that revision too. */
  readonly watchFromStart: boolean;
  /** A lease that was renewed before the command that ends it lives on. */
  readonly renewalWins: boolean;
  /** A watcher that still needs history keeps its place over a compaction, or is told that it lost it. */
  readonly compactionTellsWatchers: boolean;
}

export const ALL_ETCD_RULES: EtcdRules = Object.freeze({
  watchFromStart: true,
  renewalWins: true,
  compactionTellsWatchers: true,
});
