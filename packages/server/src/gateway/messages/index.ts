export * from "./auth.ts";
export * from "./cluster.ts";
export * from "./header.ts";
export * from "./health.ts";
export * from "./kv.ts";
export * from "./lease.ts";
export * from "./maintenance.ts";
export * from "./watch.ts";
