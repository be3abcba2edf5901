export type { ClientPort } from "./client-port.ts";
export {
  type ClusterAdmin,
  commandJson,
  exposedAddress,
  type KeyspaceAdmin,
  type KeyspaceChange,
  type MemberCallback,
  type MemberOutcome,
  type Unlinearizable,
} from "./etcd/index.ts";
export { GATEWAY_OPTIONS, Gateway, type GatewayOptions } from "./gateway.ts";
