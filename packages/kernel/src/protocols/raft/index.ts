export { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
export {
  electionSafety,
  leaderCompleteness,
  logMatching,
  monotonicTerm,
  type Predecessors,
} from "./invariants.ts";
export {
  type AppendEntries,
  type AppendEntriesReply,
  type RaftMessage,
  type RequestVote,
  type Term,
  term,
} from "./message.ts";
export { raft } from "./protocol.ts";
export {
  decodeRecord,
  encodeAppend,
  type RaftRecord,
} from "./record.ts";
export { ALL_RULES, DEFAULT_SETTINGS, type RaftRules, type RaftSettings } from "./settings.ts";
export {
  isRaft,
  leaderOf,
  type RaftEffect,
  type RaftState,
  type RaftStep,
  type Role,
} from "./state.ts";
export type { RaftInput } from "./step.ts";
