import { type LogIndex, NO_EFFECTS, type NodeId, sendEarly, type Ticks } from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import type { Primary, PrimaryState, PrimaryStep, Progress } from "./state.ts";

type Pull = Extract<PrimaryMessage, { type: "Pull" }>;

/** When this replica asks for what is new next; null: it does not ask. */
export function pullsAt({ role, settings }: PrimaryState): Ticks | null {
  if (settings.pullTicks === null || role.type !== "Follower" || role.leader === null) return null;
  return role.pullAt;
}

/** A secondary's time to ask. A question that gets lost is asked again with the next. */
export function pull(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role, settings, term: epoch } = state;
  const at = pullsAt(state);
  if (at === null || now < at || role.type !== "Follower" || role.leader === null)
    return [state, NO_EFFECTS];
  const pullAt = (now + (settings.pullTicks ?? 0)) as Ticks;
  // Early: it promises nothing.
  const question = sendEarly(role.leader, { type: "Pull", epoch } as const, "log");
  return [{ ...state, role: { ...role, pullAt } }, [question]];
}

/** It is sent all that this primary's log has now. What it holds its acknowledgements say. */
export function onPull(state: PrimaryState, from: NodeId, { epoch }: Pull): PrimaryStep {
  const { role, log } = state;
  const progress = role.type === "Leader" ? role.progress.get(from) : undefined;
  if (role.type !== "Leader" || progress === undefined || epoch !== state.term)
    return [state, NO_EFFECTS];
  const asked = { ...progress, asked: log.lastIndex };
  return [{ ...state, role: { ...role, progress: role.progress.with(from, asked) } }, NO_EFFECTS];
}

/**
 * Whoever would need a snapshot for what its next question is for is sent that now, as if it had asked: with many writes in a period the log
 * does not keep them all.
 */
export function askedBefore(state: PrimaryState, upTo: LogIndex): PrimaryState {
  const { role, settings, log } = state;
  if (settings.pullTicks === null || role.type !== "Leader") return state;
  const progress = role.progress.map((one) =>
    one.mode === "stream" && one.next <= upTo ? { ...one, asked: log.lastIndex } : one,
  );
  return progress === role.progress ? state : { ...state, role: { ...role, progress } };
}

/** Up to where a secondary may be sent the log. An heir is not waited for: while the office is handed over nobody has to ask. */
export const sendsUpTo = (
  { settings, log }: PrimaryState,
  { handOver }: Primary,
  { asked }: Progress,
): LogIndex => (settings.pullTicks === null || handOver !== null ? log.lastIndex : asked);
