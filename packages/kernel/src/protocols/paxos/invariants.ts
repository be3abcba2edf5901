import {
  type Ballot,
  type Entry,
  type GroupConfig,
  hasQuorum,
  type LogIndex,
  type NodeId,
  type Violation,
} from "../../core/index.ts";
import { configIn, placeIn } from "./configuration.ts";
import { isEstablished, type PaxosState } from "./state.ts";

/** A ballot has one proposer, ever. `proposers` remembers those seen before. */
export function ballotUniqueness(
  proposers: Map<Ballot, NodeId>,
  { role, self, term }: PaxosState,
): Violation | null {
  if (role.type !== "Leader" && role.type !== "Preparing") return null;
  const other = proposers.get(term);
  if (other !== undefined && other !== self)
    return `Ballot Uniqueness: ${other} and ${self} both propose under ${term}`;
  proposers.set(term, self);
  return null;
}

/** What is chosen, as a leader of a later ballot must know it before it leads for others. */
export interface LastChosen {
  readonly slot: LogIndex;
  /** The ballot in which the replica that handed it out was. */
  readonly ballot: Ballot;
}

/** Whatever was handed out anywhere under an older ballot is in the log of everyone who comes to lead. */
export function leaderCompleteness(leader: PaxosState, chosen: LastChosen): Violation | null {
  const { role, self, term, commitIndex } = leader;
  if (role.type !== "Leader" || !isEstablished(leader, role) || term <= chosen.ballot) return null;
  return commitIndex >= chosen.slot
    ? null
    : `Leader Completeness: ${self} leads ballot ${term} with a log up to ${commitIndex}; slot ${chosen.slot} was chosen before`;
}

/** Monotonic epochs (card 32, check 4): what a member's disk has promised never falls. */
export function monotonicPromise(before: Ballot, after: PaxosState): Violation | null {
  return after.term >= before
    ? null
    : `the promise of ${after.self} fell from ${before} to ${after.term}`;
}

/** A configuration that was chosen, or that of the founding. */
export interface ChosenConfig {
  readonly config: GroupConfig;
  /** The first slot that its voters decide. */
  readonly from: LogIndex;
  /** The ballot in which the replica that handed it out first was. */
  readonly ballot: Ballot;
}

/** One configuration follows on the other: it gives away no slot that is another's, and no place in ballots that anybody had. */
export function oneConfigurationPerSlot(before: ChosenConfig, entry: Entry): Violation | null {
  const [config, old] = [configIn(entry), before.config];
  if (config === null || config.outgoing === null) return null;
  const { outgoing, slots, voters } = config;
  if (slots === undefined || slots.from <= entry.index || entry.index < before.from)
    return `One Configuration per Slot: the voters chosen in slot ${entry.index} decide from ${slots?.from} on, those before them from ${before.from}`;
  if (outgoing.join() !== old.voters.join())
    return `One Configuration per Slot: ${outgoing.join()} leave in slot ${entry.index}, and ${old.voters.join()} are there`;
  const given = old.slots?.placesGiven ?? old.voters.length;
  const wrong = voters.find((voter) => {
    const [had, has] = [
      old.voters.includes(voter) ? placeIn(old, voter) : null,
      placeIn(config, voter),
    ];
    return had === null ? (has ?? 0) < given : had !== has;
  });
  return wrong === undefined ? null : `Ballot Uniqueness: ${wrong} votes with another's place`;
}

/**
 * Quorums intersect in every slot: whoever begins to lead was promised its ballot by a majority of each configuration that was chosen
 * under an older one and decides any slot that this leader does not know.
 */
export function quorumIntersection(
  { role, self, term, commitIndex }: PaxosState,
  chosen: readonly ChosenConfig[],
): Violation | null {
  if (role.type !== "Leader") return null;
  for (const [i, { config, ballot }] of chosen.entries()) {
    const end = chosen[i + 1]?.from ?? Number.POSITIVE_INFINITY;
    const asked = hasQuorum({ ...config, outgoing: null }, (member) =>
      role.promised.includes(member),
    );
    if (ballot < term && end - 1 > commitIndex && !asked)
      return `Quorum Intersection: ${self} leads ballot ${term} from slot ${commitIndex + 1} on, promised by ${role.promised.join()}, and ${config.voters.join()} decide up to slot ${end - 1}`;
  }
  return null;
}
