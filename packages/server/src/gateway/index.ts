export type { ClusterAdmin, MemberCallback, MemberOutcome } from "./etcd/index.ts";
export { GATEWAY_OPTIONS, Gateway, type GatewayOptions } from "./gateway.ts";
