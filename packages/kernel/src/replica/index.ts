export {
  appointed,
  encodeSystemCommand,
  firstOffice,
  petitioned,
  renewed,
  type SystemCommand,
  SystemKind,
  type SystemState,
} from "../machines/system/index.ts";
export type { Bootstrap } from "./birth.ts";
export { type Choice, choose, type Standpoint, type Vacancy } from "./choice.ts";
export { ReplicaKind } from "./envelope.ts";
export type { LostWrite, WriteName } from "./lost-writes.ts";
export type { Node } from "./node.ts";
export { DEFAULT_OPTIONS, type NodeOptions } from "./options.ts";
export { pinnedTo } from "./pinned.ts";
export {
  type OfficeRule,
  PROFILE_NAMES,
  type Profile,
  type ProfileName,
  type Profiles,
  standardProfiles,
} from "./profiles.ts";
export { protocolOf } from "./protocols.ts";
export {
  ALL_OFFICE_RULES,
  ALL_REPLICA_RULES,
  type OfficeRules,
  type ReplicaRules,
} from "./rules.ts";
export type {
  GroupStatus,
  Identity,
  JournalRecord,
  KeyspaceStatus,
  MemberStatus,
  NodeEffect,
  NodeInput,
  NodeKernel,
  NodeStatus,
  PeerAddress,
  RecoveredCheckpoint,
  RecoveredNode,
  Snapshot,
  Space,
  WatchEnd,
} from "./seam.ts";
export { type Start, startNode } from "./start.ts";
export type { Self } from "./steward.ts";
export {
  asProfiled,
  changeRefused,
  LOSSES,
  parseTerms,
  profileOf,
  READS,
  type Reads,
  type Terms,
  termsRefused,
  termsText,
} from "./terms.ts";
