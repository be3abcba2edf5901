export { Cache } from "./cache.ts";
export { type CacheOptions, connectCache } from "./connect.ts";
