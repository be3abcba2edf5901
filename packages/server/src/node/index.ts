export { type Founder, foundingOf } from "./bootstrap.ts";
export { type RunningServer, type ServerOptions, startServer } from "./start.ts";
