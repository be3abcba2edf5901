export {
  type Call,
  PUT,
  putBody,
  RANGE,
  SERIALIZABLE_RANGE,
  STORED_KEY,
  STORED_VALUE,
  TXN,
} from "./calls.ts";
export { connect } from "./connect.ts";
export { type Cost, costBy } from "./cost.ts";
export { countOf, type Done, doneBy } from "./counting.ts";
export { fill, fillKey } from "./fill.ts";
export { h2load, type Via } from "./h2load.ts";
export { keepAlives } from "./keep-alives.ts";
export { Latencies } from "./latencies.ts";
export { type Latency, latencyAt } from "./latency.ts";
export { ANSWER_MILLIS_MAX, openLoop } from "./open-loop.ts";
export { arrivals } from "./schedule.ts";
export { Watchers } from "./watchers.ts";
