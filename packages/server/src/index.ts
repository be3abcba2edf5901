export { GATEWAY_OPTIONS, type GatewayOptions } from "./gateway/index.ts";
export { DirectoryInUse, DirectoryUnusable, JournalDamaged, type Log, silentLog } from "./host/index.ts";
export { type Founder, foundingOf, type RunningServer, type ServerOptions, startServer } from "./node/index.ts";
