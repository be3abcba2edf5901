/** The machine's vocabulary: what a command's bytes are. All but those of the leader itself are the client's own protobuf. */
export const EtcdKind = {
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  leaseKeepAlive: 7,
  /** Ids of leases to end, 8 bytes each, proposed by the leader when their deadline has passed. */
  leasesExpired: 8,
  leaseTimeToLive: 9,
  /** The room of the keyspace in bytes, proposed by a leader that is configured with another. */
  setQuota: 10,
} as const;

/** The quota of a keyspace until a leader sets another. */
export const QUOTA_BYTES_DEFAULT = 8 * 2 ** 30;

/** Bounds of one keyspace. Replicas that differ in them diverge, but for those that say otherwise. */
export interface EtcdOptions {
  /**
   * Writes that would take `bytesInUse` to this are refused. What holds is the replicated state: a leader that is
   * configured with another quota puts its own into the log, so that members may be told to differ one after another.
   */
  readonly quotaBytes: number;
  /** Comparisons, and operations of either branch, that one transaction may have. */
  readonly txnOpsMax: number;
  /** A shorter lease is granted this long. */
  readonly leaseTtlSecondsMin: number;
  readonly leasesMax: number;
  /** Watchers on this replica, which may differ. */
  readonly watchersMax: number;
}
