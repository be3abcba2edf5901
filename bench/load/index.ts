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
export { countOf, type Done, doneBy } from "./counting.ts";
export { fill, fillKey } from "./fill.ts";
export { h2load, type Via } from "./h2load.ts";
export { keepAlives } from "./keep-alives.ts";
export { Latencies } from "./latencies.ts";
export { ANSWER_MILLIS_MAX, type OpenLoopResult, openLoop } from "./open-loop.ts";
export { arrivals } from "./schedule.ts";
export { Watchers } from "./watchers.ts";
