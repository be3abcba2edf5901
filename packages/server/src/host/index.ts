export { type Clock, systemClock } from "./clock.ts";
export { Host, type HostOptions } from "./host.ts";
export { IN_FLIGHT_MAX } from "./in-flight.ts";
export { DirectoryInUse } from "./lock.ts";
export { type Log, silentLog } from "./log.ts";
export { DirectoryUnusable, type NodeFile, readNodeFile } from "./node-file.ts";
export {
  JournalDamaged,
  type NodeOptions,
  type OpenNode,
  openNode,
  random63,
} from "./open-node.ts";
export type { HostParts } from "./parts.ts";
export type { CacheCaller, CachePort, Caller, NodePort, WatchCaller } from "./port.ts";
