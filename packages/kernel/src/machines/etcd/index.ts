export {
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  LEASE_TTL_SECONDS_MAX,
} from "./check.ts";
export type { HashCursor } from "./hash-kv.ts";
export { EtcdKind, type EtcdOptions, QUOTA_BYTES_DEFAULT } from "./kinds.ts";
export { EXPIRED_LEASES_MAX } from "./lease-commands.ts";
export { bodyOf, EtcdMachine, revisionOf } from "./machine.ts";
export type { RangeCursor } from "./range.ts";
export { isRejected, type Rejected } from "./rejected.ts";
export { ALL_ETCD_RULES, type EtcdRules } from "./rules.ts";
