export { AddressUnusable } from "./address.ts";
export { type Founder, type Founding, foundingOf } from "./bootstrap.ts";
export { StartRefused } from "./origin.ts";
export { type RunningServer, type ServerOptions, startServer } from "./start.ts";
