export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export {
  type Established,
  leaderCompleteness,
  monotonicEpochs,
  oneLeaderPerEpoch,
  primaryIntegrity,
} from "./invariants.ts";
export { type Credentials, type Epoch, epoch, type ZabMessage } from "./message.ts";
export { zab } from "./protocol.ts";
export { decodeRecord, encodeAppend, encodeHardState, type ZabRecord } from "./record.ts";
export { ALL_RULES, DEFAULT_SETTINGS, type ZabRules, type ZabSettings } from "./settings.ts";
export {
  isZab,
  leaderOf,
  type Phase,
  type Role,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";
export type { ZabInput } from "./step.ts";
export { type Remedy, remedyFor } from "./synchronization.ts";
