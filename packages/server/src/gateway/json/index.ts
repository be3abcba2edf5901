export { Endpoints, type HealthCounters, healthCounters } from "./endpoints.ts";
export { HTTP1_LIMITS, type Http1Limits, Http1Listener } from "./http1-listener.ts";
