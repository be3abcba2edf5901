import type { NodeId } from "../ids.ts";

/**
 * A lease that carries its end as a time of day, for clocks with a bound (`Now.wall`; card 64). It can be sent unasked, and again and
 * again, over a link that works in one direction only. Nothing comes back.
 */
export interface PushLease {
  readonly what: string;
  readonly holder: NodeId;
  /** Rises with every change of the holder. */
  readonly generation: number;
  /** Wall time in milliseconds. The holder is in office while the time is surely before it. */
  readonly end: number;
}

export interface PushRules {
  /** A node whose clock is out of its bound holds no lease and issues none (card 54). */
  readonly fence: boolean;
  /** The largest end promised is on disk before it is told, and a restarted issuer waits it out. */
  readonly persistEnd: boolean;
  /** The holder asks the late edge of its clock, the issuer the early one. Off: both ask the early one. */
  readonly bothEdges: boolean;
}

export const ALL_PUSH_RULES: PushRules = Object.freeze({
  fence: true,
  persistEnd: true,
  bothEdges: true,
});

export interface PushSettings {
  readonly leaseMillis: number;
  /** How often the issuer sends a lease anew; each time with a later end. */
  readonly pushEveryTicks: number;
  /** Offices that an issuer gives away, and that a holder holds; beyond it they are refused, or not heeded. */
  readonly officesMax: number;
  readonly rules: PushRules;
}

export const DEFAULT_PUSH_SETTINGS: PushSettings = Object.freeze({
  leaseMillis: 10_000,
  pushEveryTicks: 3_000,
  officesMax: 65_536,
  rules: ALL_PUSH_RULES,
});
