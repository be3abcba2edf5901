export type { Appointed } from "./appointed.ts";
export {
  commit,
  lostFrom,
  persistHardState,
  persistInstalled,
  replaceAfter,
  startingAt,
} from "./log-writes.ts";
export { readOnly } from "./propose.ts";
export { appointed } from "./protocol.ts";
export { leasedUntil, type ReadLeaseTerms } from "./read-lease.ts";
export { askAgain, onAnswer } from "./reads.ts";
export {
  type AppointedRecord,
  decodeRecord,
  encodeAppend,
  encodeHardState,
  encodeInstalled,
} from "./record.ts";
export { type Begun, begin, beginRepairing } from "./recovery.ts";
export {
  ALL_APPOINTED_RULES,
  type AppointedBounds,
  type AppointedRules,
  type AppointedSettings,
  DEFAULT_APPOINTED_BOUNDS,
} from "./settings.ts";
export { type AppointedState, type Following, type Leading, mayAct } from "./state.ts";
export {
  inSyncLacking,
  inSyncWith,
  isEnoughWithout,
  isOverdue,
  petition,
  petitionAgain,
  possibleInSync,
} from "./tenure.ts";
export { readFlag, readUpdateEntries } from "./update-entries.ts";
