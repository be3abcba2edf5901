export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export { configIn } from "./configuration.ts";
export {
  ballotUniqueness,
  type ChosenConfig,
  type LastChosen,
  leaderCompleteness,
  monotonicPromise,
  oneConfigurationPerSlot,
  quorumIntersection,
} from "./invariants.ts";
export type { Accept, AcceptedSlots, PaxosMessage, Prepare, Promised, Slot } from "./message.ts";
export { paxos } from "./protocol.ts";
export { decodeRecord, encodeEntries, encodeHardState, type PaxosRecord } from "./record.ts";
export { ALL_RULES, DEFAULT_SETTINGS, type PaxosRules, type PaxosSettings } from "./settings.ts";
export {
  isPaxos,
  leaderOf,
  type PaxosEffect,
  type PaxosState,
  type PaxosStep,
  type Role,
} from "./state.ts";
export type { PaxosInput } from "./step.ts";
