/** The machine's vocabulary: what a command's bytes are. All but `leasesExpired` are the client's own protobuf. */
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
} as const;

/** Bounds of one keyspace. They are part of its configuration: replicas that differ in them diverge. */
export interface EtcdOptions {
  /** Writes that would take `bytesInUse` to this are refused. */
  readonly quotaBytes: number;
  /** Comparisons, and operations of either branch, that one transaction may have. */
  readonly txnOpsMax: number;
  /** A shorter lease is granted this long. */
  readonly leaseTtlSecondsMin: number;
  readonly leasesMax: number;
  /** Watchers on this replica. */
  readonly watchersMax: number;
}
