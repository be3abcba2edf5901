import type { GroupConfig, NodeId } from "./index.ts";
import { hasQuorum, isVoter } from "./quorum.ts";

/**
 * How many members' disks must surely hold a write before its caller hears of it (card 63): a majority of the voters, all of them, or so
 * many, the leader among them. It is a least: what the keyspace itself waits for is waited for as well.
 */
export type Acks = "majority" | "all" | number;

/** No group has so many members; and what has no number is encoded above it. */
export const ACKS_MAX = 0xffff;
const MAJORITY = ACKS_MAX + 1;
const ALL = ACKS_MAX + 2;

/** Can so many ever hold it? With the members as they are. */
export const areEnough = ({ voters }: GroupConfig, acks: Acks): boolean =>
  typeof acks !== "number" || acks <= voters.length;

/** Do these hold it, as it was asked? Learners count for nothing, as in every quorum. */
export function areReached(config: GroupConfig, acks: Acks, holders: readonly NodeId[]): boolean {
  const holds = (member: NodeId): boolean => holders.includes(member);
  if (acks === "majority") return hasQuorum(config, holds);
  if (acks === "all") return config.voters.every(holds) && (config.outgoing ?? []).every(holds);
  return countVoters(config, holders) >= acks;
}

export const countVoters = (config: GroupConfig, holders: readonly NodeId[]): number =>
  holders.filter((member) => isVoter(config, member)).length;

export const acksNumber = (acks: Acks): number =>
  acks === "majority" ? MAJORITY : acks === "all" ? ALL : acks;

/** Null for a number that says nothing. */
export function acksOf(number: number): Acks | null {
  if (number === MAJORITY) return "majority";
  if (number === ALL) return "all";
  return number >= 1 && number <= ACKS_MAX ? number : null;
}
