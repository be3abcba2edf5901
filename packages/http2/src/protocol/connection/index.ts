export { Connection } from "./connection.ts";
export type { Phase } from "./core.ts";
export type { ConnectionEnd, ConnectionHandler, ResetCause } from "./handler.ts";
export type { ConnectionOptions } from "./options.ts";
export { PREFIX_BYTES } from "./sender.ts";
export type { Role } from "./settings.ts";
export type { Stream } from "./stream.ts";
