export { never, type Spent } from "./budget.ts";
export { check } from "./check.ts";
export { checkFencing, checkLeases, checkWatch } from "./domain/index.ts";
export {
  EVENTS_MAX,
  type Event,
  formatHistory,
  HISTORY_HEADER,
  type History,
  HistoryReader,
  LINE_CHARACTERS_MAX,
  Malformed,
  type Operation,
  type Outcome,
  pair,
  parseHistory,
  type Value,
} from "./history/index.ts";
export { type Model, parseModel } from "./models.ts";
export {
  checkLinearizable,
  checkLinearizableRegisters,
  checkRevisions,
  fifoQueue,
  kvString,
  multiRegister,
  mutex,
  REFUSED,
  REGISTER,
  type Refused,
  type RegisterOptions,
  register,
  type SequentialObject,
  setObject,
  usualRole,
} from "./objects/index.ts";
export {
  FORMATS,
  type Format,
  formatNamed,
  type Reading,
  type Recording,
  readRecording,
  type Source,
  transactionsOf,
} from "./readers/index.ts";
export {
  checkRegisterModel,
  REGISTER_MODELS,
  type RegisterModel,
  type Staleness,
  staleness,
} from "./registers/index.ts";
export { reportOf } from "./report/index.ts";
export {
  type Atom,
  checkIsolation,
  checkListAppend,
  checkRwRegister,
  type ElleLevel,
  type IsolationLevel,
  isElleLevel,
  type Orders,
  type Step,
  type Transaction,
} from "./transactions/index.ts";
export { validate } from "./validate/index.ts";
export type { Edge, Evidence, Verdict, Violation, Witness } from "./verdict.ts";
export {
  type BankOptions,
  checkBank,
  checkComments,
  checkCounter,
  checkLongFork,
  checkSet,
  checkSetFull,
} from "./workloads/index.ts";
