import { type Failure, fail } from "./failure.ts";
import type { LogIndex, NodeId, RequestId, Ticks } from "./ids.ts";
import type { Effect, Lane, Step } from "./seam.ts";

/** What most steps ask for. */
export const NO_EFFECTS: readonly Effect<never>[] = [];

/** Runs `f` on the state so far and joins the effects. */
export function andThen<S, M>(step: Step<S, M>, f: (state: S) => Step<S, M>): Step<S, M> {
  const [next, more] = f(step[0]);
  if (more.length === 0) return [next, step[1]];
  return [next, step[1].length === 0 ? more : [...step[1], ...more]];
}

/** One turn: every input in order, then once what follows from all of them. */
export function turn<S, I, M>(
  state: S,
  inputs: readonly I[],
  onInput: (state: S, input: I) => Step<S, M>,
  atEnd: (state: S) => Step<S, M>,
): Step<S, M> {
  let current = state;
  const effects: Effect<M>[] = [];
  for (const input of inputs) {
    const [next, more] = onInput(current, input);
    current = next;
    for (const effect of more) effects.push(effect);
  }
  const [last, more] = atEnd(current);
  if (effects.length === 0) return [last, more];
  for (const effect of more) effects.push(effect);
  return [last, effects];
}

/** A message that promises nothing; each call says why. */
export function sendEarly<const M>(to: NodeId, message: M, lane: Lane = "control"): Effect<M> {
  return { type: "Send", to, message, early: true, lane };
}

export const refuse = (id: RequestId, failure: Failure): Effect<never> => ({
  type: "Settle",
  id,
  outcome: fail(failure),
});

export const readable = (
  ids: readonly RequestId[],
  at: LogIndex,
  validUntil: Ticks | null = null,
): Effect<never> => ({ type: "Readable", ids, at, validUntil });
