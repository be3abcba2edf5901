import { ACKS_SCHEDULES } from "./acks.ts";
import { CHAIN_SCHEDULES } from "./chain.ts";
import { LEASED_SECONDARY_SCHEDULES } from "./leased-secondaries.ts";
import { OFFICE_SCHEDULES } from "./offices.ts";
import { PAXOS_SCHEDULES } from "./paxos.ts";
import { PAXOS_MEMBER_SCHEDULES } from "./paxos-members.ts";
import { PRIMARY_SCHEDULES } from "./primary.ts";
import { RAFT_SCHEDULES } from "./raft.ts";
import type { Schedules } from "./schedule.ts";
import { ZAB_SCHEDULES } from "./zab.ts";

export { chainSchedules } from "./chain.ts";
export { duel, rebuiltInPart } from "./paxos.ts";
export { beforeAsking, beforeChange } from "./paxos-members.ts";
export { rebuiltByNewLeader, twoChanges } from "./raft.ts";
export type { Scheduled } from "./schedule.ts";

/** By rule. The others are for seeds to find (`AIMS`). */
export const SCHEDULED: Schedules = {
  ...RAFT_SCHEDULES,
  ...PAXOS_SCHEDULES,
  ...PAXOS_MEMBER_SCHEDULES,
  ...ZAB_SCHEDULES,
  ...PRIMARY_SCHEDULES,
  ...LEASED_SECONDARY_SCHEDULES,
  ...CHAIN_SCHEDULES,
  ...OFFICE_SCHEDULES,
  ...ACKS_SCHEDULES,
};
