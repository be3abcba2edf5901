export { alarmsOf, CORRUPT, NOSPACE } from "./alarms.ts";
export type { ClusterAdmin, MemberCallback, MemberOutcome } from "./cluster-admin.ts";
export { commandJson } from "./command-json.ts";
export { type EtcdContext, etcdContext } from "./context.ts";
export { Refusal, statusOf } from "./errors.ts";
export { exposedAddress } from "./exposed.ts";
export type { KeyspaceAdmin, KeyspaceChange, Unlinearizable } from "./keyspace-admin.ts";
export { ETCD_OPTIONS, type EtcdOptions } from "./options.ts";
export { etcdServices } from "./services.ts";
