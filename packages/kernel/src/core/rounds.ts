import type { Ticks } from "./ids.ts";
import type { LeaderRead } from "./log-reads.ts";

/** Rounds remembered while unconfirmed. When there are more, the oldest are forgotten: a lease then only gets shorter. */
const ROUNDS_MAX = 64;

/** Rounds of heartbeats: once a quorum has answered one, nobody else led when it began (dissertation of Raft, §6.4). */
export interface Rounds {
  readonly round: number;
  /** When each round not yet confirmed by a quorum began; bounded by `ROUNDS_MAX`. */
  readonly roundsSent: readonly { readonly round: number; readonly at: Ticks }[];
  /** A quorum has answered a message sent at or after this: a lease counts from here. Null: none yet. */
  readonly leaseFrom: Ticks | null;
  /** A turn brought readers: a round leaves at its end. */
  readonly confirm: boolean;
  readonly reads: readonly LeaderRead[];
}

export const NO_ROUNDS: Rounds = {
  round: 0,
  roundsSent: [],
  leaseFrom: null,
  confirm: false,
  reads: [],
};

export function nextRound<R extends Rounds>(leader: R, now: Ticks): R {
  const round = leader.round + 1;
  const { roundsSent } = leader;
  const kept = roundsSent.length < ROUNDS_MAX ? roundsSent : roundsSent.slice(1);
  return { ...leader, round, confirm: false, roundsSent: [...kept, { round, at: now }] };
}

/** A quorum has answered up to this round: its readers may look, and the lease counts from when it was sent. Null: nothing new. */
export function confirmRounds<R extends Rounds>(
  leader: R,
  reached: number,
): readonly [R, readonly LeaderRead[]] | null {
  const { reads } = leader;
  let confirmed = 0;
  let { leaseFrom } = leader;
  for (const { round, at } of leader.roundsSent) {
    if (round > reached) break;
    leaseFrom = at;
    confirmed++;
  }
  if (confirmed === 0) return null;
  const roundsSent = leader.roundsSent.slice(confirmed);
  const ready = reads.filter(({ round }) => round <= reached);
  const rest = ready.length === 0 ? reads : reads.filter(({ round }) => round > reached);
  return [{ ...leader, roundsSent, leaseFrom, reads: rest }, ready];
}

/**
 * Until when a leader may answer alone: nobody else can be elected before the members that answered the round may vote again, by their
 * clocks; ours may be slower by the drift bound (dissertation §6.4.1). Null: no round was answered.
 */
export function leaseEnd(
  { leaseFrom }: Rounds,
  settings: {
    readonly electionTicksMin: number;
    readonly clockDriftDivisor: number;
    readonly rules: { readonly leaseWithinBound: boolean };
  },
): Ticks | null {
  const { electionTicksMin, clockDriftDivisor, rules } = settings;
  if (leaseFrom === null) return null;
  const length = rules.leaseWithinBound
    ? electionTicksMin - Math.ceil(electionTicksMin / clockDriftDivisor)
    : electionTicksMin * 10;
  return (leaseFrom + length) as Ticks;
}
