export { CallError, GrpcClient, type GrpcClientOptions } from "./client.ts";
export {
  Door,
  type DoorLimits,
  type DoorObserver,
  type DoorOptions,
  type DoorRefusal,
} from "./door.ts";
export { GZIP } from "./gzip.ts";
export type { PingOptions } from "./keepalive-pinger.ts";
export { GrpcServer, type GrpcServerOptions } from "./server.ts";
export type { Flush } from "./socket-link.ts";
