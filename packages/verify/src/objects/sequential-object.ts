import type { Operation } from "../history/index.ts";

/** That a state cannot have given an answer. No object has a state of this value. */
export const REFUSED = Symbol("refused");
export type Refused = typeof REFUSED;

/**
 * A sequential specification (Herlihy and Wing 1990): what one operation after another does. States are values: `step` returns
 * a new one, or the same where nothing changed.
 */
export interface SequentialObject<S> {
  readonly name: string;
  readonly initial: S;
  /** Operations on different keys are on different objects. */
  readonly keyed: boolean;
  /** `must` happened, `may` have happened (at any time after its call), or says nothing about the object. */
  role(operation: Operation): "must" | "may" | "nothing";
  /** The state afterwards. An operation of unknown outcome answered nothing, and so suits every state. */
  step(state: S, operation: Operation): S | Refused;
  /** It changes no state, whatever the state: a read, a comparison that failed. */
  observes(operation: Operation): boolean;
  /**
   * For objects that only ever grow, but for what `resets` them: can further changes lead from this state to one that suits this
   * observation? A search need not go on from a state that leads nowhere.
   */
  readonly foresight?: {
    resets(operation: Operation): boolean;
    leadsTo(state: S, observation: Operation): boolean;
  };
  /** Equal texts for equal states, and for no others. */
  identify(state: S): string;
  /**
   * For shrinking: groups of operations, any of which may be left out without making up a violation that was not there.
   * An operation that stands in no group stays.
   */
  leaveOut(operations: readonly Operation[]): readonly (readonly Operation[])[];
}

/** What is told of most objects: what succeeded happened, what failed did not. */
export function usualRole({ outcome }: Operation): "must" | "may" | "nothing" {
  if (outcome === "ok") return "must";
  return outcome === "unknown" ? "may" : "nothing";
}
