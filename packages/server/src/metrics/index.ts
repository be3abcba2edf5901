export { registerAdmissionMetrics, registerPoolMetrics } from "./admission-metrics.ts";
export { CallMetrics } from "./call-metrics.ts";
export { DoorMetrics } from "./door-metrics.ts";
export { registerHostMetrics } from "./host-metrics.ts";
export { registerNodeMetrics } from "./node-metrics.ts";
export { type Counters, labels, MetricsRegistry } from "./registry.ts";
