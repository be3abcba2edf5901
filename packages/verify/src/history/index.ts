export { type Event, pair } from "./event.ts";
export { parseJson } from "./json.ts";
export {
  EVENTS_MAX,
  formatHistory,
  HISTORY_HEADER,
  HistoryReader,
  LINE_CHARACTERS_MAX,
  parseHistory,
} from "./json-lines.ts";
export { Malformed } from "./malformed.ts";
export type { History, Operation, Outcome, Value } from "./operation.ts";
export { wordOf } from "./word.ts";
