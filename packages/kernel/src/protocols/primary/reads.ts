import { mayAct } from "../../core/appointed/index.ts";
import {
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import type { PrimaryState, PrimaryStep } from "./state.ts";

/**
 * What anybody may have seen is in every log that is in step before anybody sees it: it is enough that no change here is uncommitted. Where
 * all are in step for ever any secondary knows that it is; else one whose lease is not over.
 */
export function readFloor(state: PrimaryState, now: Ticks): LogIndex | null {
  const { role, settings } = state;
  if (role.type !== "Follower" || settings.reads === "primary" || !isWhole(state)) return null;
  const { leaseUntil } = role;
  const mayLook =
    settings.reads === "any" ||
    !settings.rules.readWithinLease ||
    (leaseUntil !== null && now < leaseUntil);
  return mayLook ? lastChange(state) : null;
}

/** A new primary's first entry waits for whoever is away, and changes nothing: it must keep no reader. */
function lastChange({ log, commitIndex }: PrimaryState): LogIndex {
  for (let index = log.lastIndex; index > commitIndex; index--)
    if (log.at(index as LogIndex)?.kind !== "noop") return index as LogIndex;
  return commitIndex;
}

const isWhole = ({ role, fork, repairing }: PrimaryState): boolean =>
  fork === null && !repairing && role.type === "Follower" && role.joined;

/** What is committed here may be what too few had acknowledged: only its primary's log tells. */
export const isSound = (state: PrimaryState): boolean =>
  state.role.type === "Leader" || !state.settings.rules.joinBeforeReads || isWhole(state);

/**
 * Up to where a primary's own readers look, within its tenure and once it knows what was committed before its epoch. Where nothing is
 * acknowledged without it, it needs neither while no change waits here.
 */
export function ownIndex(state: PrimaryState, now: Ticks): LogIndex | null {
  const { role, commitIndex, settings, repairing, fork } = state;
  if (role.type !== "Leader" || repairing || fork !== null) return null;
  if (settings.reads === "any" && lastChange(state) === commitIndex) return commitIndex;
  if (!mayAct(state, now)) return null;
  return settings.rules.readsAfterOwnEpoch && commitIndex < role.base ? null : commitIndex;
}

/** The primary knows up to where a reader has to see. */
export const whomToAsk = ({ role }: PrimaryState): NodeId | null =>
  role.type === "Follower" ? role.leader : null;

export const question = (epoch: number, number: number): PrimaryMessage => ({
  type: "Ask",
  epoch,
  question: number,
});

type Ask = Extract<PrimaryMessage, { type: "Ask" }>;

/** A secondary's readers. No answer is given by one who may not act: they ask again. */
export function onAsk(state: PrimaryState, now: Now, from: NodeId, m: Ask): PrimaryStep {
  const index = m.epoch === state.term ? ownIndex(state, now.ticks) : null;
  if (index === null) return [state, NO_EFFECTS];
  const answer = { type: "Answer", epoch: state.term, question: m.question, index } as const;
  // Early: what is committed was acknowledged by the disks that count.
  return [state, [sendEarly(from, answer)]];
}
