import type { GroupConfig, NodeId } from "./index.ts";

/** How many of `size` make a majority. */
export const majority = (size: number): number => Math.floor(size / 2) + 1;

/**
 * True when the members that `agree` are a majority of the voters, and, while the configuration is joint,
 * of the outgoing voters too (Raft §6). An empty half is no obstacle.
 */
export function hasQuorum(config: GroupConfig, agree: (member: NodeId) => boolean): boolean {
  return hasMajority(config.voters, agree) && hasMajority(config.outgoing ?? [], agree);
}

/** True when so many have refused that `hasQuorum` can no longer come true. */
export function hasLost(config: GroupConfig, refused: (member: NodeId) => boolean): boolean {
  return blocked(config.voters, refused) || blocked(config.outgoing ?? [], refused);
}

/**
 * The greatest value that a quorum has reached: the median of a majority, the lesser of both while joint.
 * With it a leader finds what may be committed, and up to when a majority last heard it.
 */
export function quorumValue(config: GroupConfig, amountOf: (member: NodeId) => number): number {
  const incoming = majorityValue(config.voters, amountOf);
  return config.outgoing === null
    ? incoming
    : Math.min(incoming, majorityValue(config.outgoing, amountOf));
}

/** Every member that takes part: voters of both halves and learners, sorted, each once. */
export function membersOf(config: GroupConfig): readonly NodeId[] {
  const all = new Set([...config.voters, ...(config.outgoing ?? []), ...config.learners]);
  return [...all].sort(byId);
}

export const isVoter = (config: GroupConfig, member: NodeId): boolean =>
  config.voters.includes(member) || (config.outgoing?.includes(member) ?? false);

export const byId = (a: NodeId, b: NodeId): number => (a < b ? -1 : a > b ? 1 : 0);

function hasMajority(members: readonly NodeId[], agree: (member: NodeId) => boolean): boolean {
  return members.length === 0 || members.filter(agree).length >= majority(members.length);
}

function blocked(members: readonly NodeId[], refused: (member: NodeId) => boolean): boolean {
  return (
    members.length > 0 && members.filter(refused).length > members.length - majority(members.length)
  );
}

function majorityValue(members: readonly NodeId[], amountOf: (member: NodeId) => number): number {
  if (members.length === 0) return Number.MAX_SAFE_INTEGER;
  const values: number[] = [];
  for (const member of members) insert(values, amountOf(member));
  return values[majority(values.length) - 1] ?? 0;
}

/** Keeps the greatest first. For a handful of members, at every message: cheaper than sorting. */
function insert(values: number[], value: number): void {
  let at = values.push(value) - 1;
  for (; at > 0 && (values[at - 1] ?? 0) < value; at--) values[at] = values[at - 1] ?? 0;
  values[at] = value;
}
