export type { TransportEvent } from "./counters.ts";
export { JoinFailed, requestJoin } from "./join.ts";
export type { TransportLimits } from "./limits.ts";
export { type PeerTls, parseAddress } from "./sockets.ts";
export { Transport, type TransportListener, type TransportOptions } from "./transport.ts";
