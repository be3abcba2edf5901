import type { SynodRules } from "../../core/index.ts";

/**
 * Who is told that an acceptor accepted (card 17; Lamport 2001, §2.3). `proposer`: only the proposer, which tells all members when a
 * majority has; `all`: every learner; a number s: the first s learners, each of which tells the others. One is the distinguished
 * learner.
 */
export type Learning = "proposer" | "all" | number;

export interface SynodSettings {
  readonly learning: Learning;
  /** The proposer's word on the decision is acknowledged, and repeated until it is. */
  readonly acknowledge: boolean;
  /** A ballot that came to nothing for so long is followed by a higher one; what is not acknowledged or answered is said again. */
  readonly patienceTicks: number;
  /** After a rejection the random wait doubles with each in a row, so many times at most. */
  readonly backOffDoublingsMax: number;
  /** Off: whoever is rejected prepares again at once, and two proposers may duel for ever (card 18). */
  readonly backOff: boolean;
  /** Proposals and readers that wait for the decision here; beyond it `Overloaded`. */
  readonly waitingMax: number;
  readonly rules: SynodRules;
}

export const ALL_RULES: SynodRules = Object.freeze({
  persistBeforeReply: true,
  promiseHolds: true,
  adoptHighest: true,
  quorumOfOneBallot: true,
});

export const DEFAULT_SETTINGS: SynodSettings = Object.freeze({
  learning: "proposer",
  acknowledge: true,
  patienceTicks: 500,
  backOffDoublingsMax: 6,
  backOff: true,
  waitingMax: 1024,
  rules: ALL_RULES,
});
