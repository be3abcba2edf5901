import { Malformed, type Reader } from "./bytes.ts";
import type { Brand, NodeId } from "./ids.ts";

/**
 * A proposal's number: (round, place of its proposer among all voters that the group ever had), packed so that ballots compare as numbers,
 * never collide, and name their proposer. Grows for ever; a proposer never uses one twice, restarts included, because it has promised its
 * own ballot on stable storage before anybody else hears of it. 0 is below all of them.
 */
export type Ballot = Brand<number, "Ballot">;

export const NO_BALLOT = 0 as Ballot;

/** Proposers that a round has room for: so many may ever become voters of a group, as no place is given twice. */
export const PLACES = 4096;
/** A decoder refuses more. Above it there is still room to jump, so that no ballot on the wire can exhaust the numbers. */
const BALLOT_MAX = 2 ** 52;

export function ballotOf(round: number, place: number): Ballot {
  const packed = round * PLACES + place;
  const sound = Number.isSafeInteger(packed) && packed >= 0 && place >= 0 && place < PLACES;
  if (!sound) throw new RangeError(`round ${round} at place ${place} is no ballot`);
  return packed as Ballot;
}

export const roundOf = (ballot: Ballot): number => Math.floor(ballot / PLACES);
export const placeOf = (ballot: Ballot): number => ballot % PLACES;

/** The least ballot of the proposer at this place that is above another: whoever was rejected jumps above it at once. */
export function nextBallot(above: Ballot, place: number): Ballot {
  const same = ballotOf(Math.max(1, roundOf(above)), place);
  return same > above ? same : ballotOf(roundOf(above) + 1, place);
}

export function readBallot(reader: Reader): Ballot {
  const ballot = reader.uint();
  if (ballot > BALLOT_MAX) throw new Malformed("a ballot beyond its bound");
  return ballot as Ballot;
}

/** A value, and the ballot under which an acceptor accepted it. */
export interface Accepted<V> {
  readonly ballot: Ballot;
  readonly value: V;
}

/** What an acceptor of one decision must not forget (Lamport 2001, §2.5): on disk before anybody is told. */
export interface Acceptor<V> {
  readonly promised: Ballot;
  readonly accepted: Accepted<V> | null;
}

export const FRESH_ACCEPTOR: Acceptor<never> = { promised: NO_BALLOT, accepted: null };

/**
 * Whether an acceptor may answer `PREPARE(ballot)` with a promise. An equal ballot is a retransmission: a ballot has one
 * proposer, so the same promise may be given again.
 */
export const mayPromise = (promised: Ballot, ballot: Ballot): boolean => ballot >= promised;

/** The rules of an acceptor and of whoever listens to it, each with a switch for tests. */
export interface SynodRules {
  /** What was promised and accepted is on stable storage before anybody is told. */
  readonly persistBeforeReply: boolean;
  /** An acceptor accepts nothing below what it promised. */
  readonly promiseHolds: boolean;
  /** A proposer takes the value of the highest ballot that a majority tells it of. */
  readonly adoptHighest: boolean;
  /** A value is chosen by a majority that accepted it under one ballot. */
  readonly quorumOfOneBallot: boolean;
}

/** Whether an acceptor may accept under this ballot. */
export const mayAccept = (
  promised: Ballot,
  ballot: Ballot,
  rules: Pick<SynodRules, "promiseHolds">,
): boolean => ballot >= promised || !rules.promiseHolds;

/** Promises `ballot`; null where it may not. */
export function promise<V>(acceptor: Acceptor<V>, ballot: Ballot): Acceptor<V> | null {
  return mayPromise(acceptor.promised, ballot) ? { ...acceptor, promised: ballot } : null;
}

/** Accepts `value` under `ballot`, which also promises it; null where it may not. */
export function accept<V>(
  acceptor: Acceptor<V>,
  ballot: Ballot,
  value: V,
  rules: Pick<SynodRules, "promiseHolds">,
): Acceptor<V> | null {
  if (!mayAccept(acceptor.promised, ballot, rules)) return null;
  const promised = Math.max(acceptor.promised, ballot) as Ballot;
  return { promised, accepted: { ballot, value } };
}

/**
 * Which of two accepted values a proposer has to take (Lamport 2001, P2c): the one of the higher ballot. Any value that can have been
 * chosen under an older ballot was found by the proposer of the higher one, so the highest is the only safe choice.
 */
export function prevailing<V>(
  known: Accepted<V> | null,
  found: Accepted<V> | null,
  rules: Pick<SynodRules, "adoptHighest">,
): Accepted<V> | null {
  if (known === null || found === null) return known ?? found;
  const higher = found.ballot > known.ballot;
  return higher === rules.adoptHighest ? found : known;
}

/** That an acceptor accepted under a ballot. */
export interface Vote {
  readonly acceptor: NodeId;
  readonly ballot: Ballot;
}

/** With one more vote; the same one twice counts once. */
export function withVote(votes: readonly Vote[], { acceptor, ballot }: Vote): readonly Vote[] {
  const known = votes.some((vote) => vote.acceptor === acceptor && vote.ballot === ballot);
  return known ? votes : [...votes, { acceptor, ballot }];
}

/**
 * Who counts for a ballot. Votes of two ballots must not be added: three of five may each have accepted the value, and a proposer in
 * between have been promised by a majority of which none had.
 */
export const votersFor = (
  votes: readonly Vote[],
  ballot: Ballot,
  rules: Pick<SynodRules, "quorumOfOneBallot">,
): ReadonlySet<NodeId> =>
  new Set(
    votes
      .filter((vote) => vote.ballot === ballot || !rules.quorumOfOneBallot)
      .map(({ acceptor }) => acceptor),
  );
