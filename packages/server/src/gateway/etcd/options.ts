/** What the etcd API is served with, every bound by its name. */
export interface EtcdOptions {
  /** What Status and /version report: plain `X.Y.Z`, because clients split it on dots and read integers. */
  readonly version: string;
  /** `X.Y.0` of the cluster's and of the storage's version. */
  readonly clusterVersion: string;
  readonly storageVersion: string;
  /** How members reach each other: the scheme of their peer URLs. */
  readonly peerScheme: "http" | "https";
  /** The longest a unary call waits, whatever its client allows. */
  readonly requestTimeoutMs: number;
  /** Three of these without a leader end the streams that asked for one (`hasleader`). */
  readonly electionTimeoutMs: number;
  /** A larger request is refused before it is proposed; also what a chunk of a streamed range aims at. */
  readonly requestBytesMax: number;
  /** Compares, and operations of either branch, in one transaction. */
  readonly txnOpsMax: number;
  /** All unary ranges together may gather this much before they are answered. */
  readonly rangeBytesInFlightMax: number;
  /** Elementary steps of a hash between two turns of the event loop. */
  readonly hashOpsPerSlice: number;
  /** Between the event-less responses of a watcher with `progress_notify`; up to a tenth is added at random. */
  readonly progressIntervalMs: number;
  /** Event bytes a watch stream may hold for a slow client; then its watchers wait for it. */
  readonly watchBufferBytesMax: number;
  readonly watchersPerStreamMax: number;
  /** Bytes of the requests of a stream's watchers; one more is refused. A single one is bounded by `requestBytesMax`. */
  readonly watcherBytesPerStreamMax: number;
  /** Requests of one watch stream that wait for their answer; then the stream is not read. */
  readonly watchRequestsPendingMax: number;
  /** A watch response beyond it is cut between events, if the watcher asked for fragments. */
  readonly fragmentBytes: number;
  /** Renewals of one keep-alive stream that wait for their answer; then the stream is not read. */
  readonly keepAlivesPendingMax: number;
  /** Reads of one cache's stream that wait for their answer; then the stream is not read. */
  readonly cacheReadsPendingMax: number;
  /** Bytes that a cache's stream may leave unread; then it is not read, and with twice as many it is cut. */
  readonly cacheBufferBytesMax: number;
}

export const ETCD_OPTIONS: EtcdOptions = {
  version: "3.6.14",
  clusterVersion: "3.6.0",
  storageVersion: "3.6.0",
  peerScheme: "http",
  requestTimeoutMs: 5000,
  electionTimeoutMs: 1000,
  requestBytesMax: 1_572_864,
  txnOpsMax: 128,
  rangeBytesInFlightMax: 1024 ** 3,
  hashOpsPerSlice: 20_000,
  progressIntervalMs: 600_000,
  watchBufferBytesMax: 4 * 1024 * 1024,
  watchersPerStreamMax: 100_000,
  watcherBytesPerStreamMax: 32 * 1024 * 1024,
  watchRequestsPendingMax: 256,
  fragmentBytes: 2 * 1024 * 1024,
  keepAlivesPendingMax: 256,
  cacheReadsPendingMax: 256,
  cacheBufferBytesMax: 4 * 1024 * 1024,
};
