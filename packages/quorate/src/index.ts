export {
  AddressUnusable,
  CertificateUnusable,
  DirectoryInUse,
  DirectoryUnusable,
  DiskFull,
  JoinFailed,
  JournalDamaged,
  JournalUnusable,
  type Log,
  StartRefused,
} from "@quorate/server";
export { Cache, type CacheOptions, connectCache } from "./cache/index.ts";
export type { CallOptions } from "./embedded/calls.ts";
export { type ErrorCode, QuorateError } from "./embedded/errors.ts";
export { type Data, type KeyRange, KeyValue } from "./embedded/key-value.ts";
export type { Kv, RangeOptions, RangeResult } from "./embedded/kv.ts";
export type { Lease, Leases } from "./embedded/leases.ts";
export { fixed, fromEnv, type Peers } from "./embedded/peers.ts";
export {
  type EmbeddedNode,
  type StartNodeOptions,
  startNode,
} from "./embedded/start-node.ts";
export type { Status } from "./embedded/status.ts";
export type {
  Comparison,
  Operation,
  OperationResult,
  Relation,
  Txn,
  TxnResult,
} from "./embedded/txn.ts";
export type { Watch, WatchEvent, WatchOptions } from "./embedded/watch.ts";
