import {
  andThen,
  configOf,
  earliest,
  hungAt,
  NO_EFFECTS,
  type Now,
  quorumValue,
  readersWakeAt,
  type Ticks,
} from "../../core/index.ts";
import { onElectionTimeout } from "./election.ts";
import { beginRound } from "./reads.ts";
import { type Leader, type RaftState, type RaftStep, resetElectionTimer } from "./state.ts";
import type { RaftInput } from "./step.ts";
import { stepAside } from "./transfer.ts";

/** When this replica wants to be woken. Null: it sleeps until spoken to. */
export function wakeAt(state: RaftState): Ticks | null {
  if (state.role.type !== "Leader") {
    return earliest(state.electionAt, readsWakeAt(state));
  }
  const { asleep, heartbeatAt, quorumCheckAt, transfer } = state.role;
  if (asleep) return null;
  return earliest(heartbeatAt, quorumCheckAt, transfer?.giveUpAt ?? null, hangsAt(state));
}

/** When readers are to be asked for again; with nobody to ask, when they have waited too long. */
const readsWakeAt = ({ role, reads, settings }: RaftState): Ticks | null =>
  readersWakeAt(reads, role.type === "Follower" && role.leader !== null, settings);

export function onWake(state: RaftState, now: Now): RaftStep {
  if (state.role.type === "Leader") return onLeaderWake(state, state.role, now);
  if (state.electionAt === null || now.ticks < state.electionAt) return [state, NO_EFFECTS];
  // One whose disk hangs could not lead. Did it stand, its vote for itself would never leave, but its new terms would reach the
  // others in its answers, and depose whoever they elect (seed 43 of the matrix's network faults).
  return isDiskHung(state, now)
    ? [resetElectionTimer(state, now.ticks), NO_EFFECTS]
    : onElectionTimeout(state, now);
}

function onLeaderWake(state: RaftState, role: Leader, now: Now): RaftStep {
  if (role.asleep) return [state, NO_EFFECTS];
  if (isDiskHung(state, now) || hasLostQuorum(state, role, now)) return stepAside(state, now);
  const quorumCheckAt =
    now.ticks >= role.quorumCheckAt ? nextCheck(state, now) : role.quorumCheckAt;
  const next: RaftState = { ...state, role: { ...role, quorumCheckAt } };
  return now.ticks >= role.heartbeatAt
    ? andThen([next, NO_EFFECTS], (s) => heartbeat(s, now))
    : [next, NO_EFFECTS];
}

/** All leaders of a node beat at the same multiples of the interval, so that their heartbeats share frames. */
function heartbeat(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const { heartbeatTicks } = state.settings;
  const heartbeatAt = ((Math.floor(now.ticks / heartbeatTicks) + 1) * heartbeatTicks) as Ticks;
  const quiesce = mayQuiesce(state, state.role, now);
  return beginRound(
    { ...state, role: { ...state.role, heartbeatAt, asleep: quiesce } },
    { ...state.role, heartbeatAt, asleep: quiesce },
    now,
    quiesce,
  );
}

/**
 * A group in which everybody holds and knows everything needs no heartbeats: node-level liveness replaces them, and
 * any input wakes it. A follower that misses the word wakes its leader by asking for a pre-vote.
 */
function mayQuiesce(state: RaftState, role: Leader, now: Now): boolean {
  const { quiesceTicks } = state.settings;
  const { lastIndex } = state.log;
  if (quiesceTicks === 0 || now.ticks - role.lastBusyAt < quiesceTicks) return false;
  if (
    state.commitIndex !== lastIndex ||
    state.lastApplied !== lastIndex ||
    state.undurable.length > 0
  )
    return false;
  if (role.reads.length > 0 || role.transfer !== null || configOf(state).outgoing !== null)
    return false;
  return role.progress.values.every(
    (p) =>
      p.mode === "replicate" &&
      p.matchIndex === lastIndex &&
      p.toldCommit === lastIndex &&
      p.inflight.length === 0,
  );
}

/** Anything but the passing of time wakes a sleeping leader; its members get a fresh grace before they count as lost. */
export function wakeUp(state: RaftState, now: Now, input: RaftInput): RaftState {
  if (state.role.type !== "Leader" || !state.role.asleep) return state;
  if (
    input.type === "Wake" ||
    input.type === "Durable" ||
    input.type === "Applied" ||
    input.type === "Compact"
  )
    return state;
  if (
    input.type === "Receive" &&
    input.message.type === "HeartbeatReply" &&
    input.message.term === state.term
  )
    return state;
  const progress = state.role.progress.map((p) => ({ ...p, heardAt: now.ticks }));
  return {
    ...state,
    role: {
      ...state.role,
      progress,
      asleep: false,
      heartbeatAt: now.ticks,
      quorumCheckAt: nextCheck(state, now),
      lastBusyAt: now.ticks,
    },
  };
}

/** No majority answered for an election time-out: somebody else may lead by now (dissertation §6.2). */
function hasLostQuorum(state: RaftState, role: Leader, now: Now): boolean {
  if (!state.settings.rules.checkQuorum || now.ticks < role.quorumCheckAt) return false;
  const heard = quorumValue(configOf(state), (member) =>
    member === state.self ? now.ticks : (role.progress.get(member)?.heardAt ?? 0),
  );
  return now.ticks - heard > state.settings.electionTicksMax;
}

/**
 * Its disk has not written what it was given for an election time-out: it commits nothing and must not keep others from leading (RF-12).
 */
function isDiskHung(state: RaftState, now: Now): boolean {
  const at = hangsAt(state);
  return at !== null && now.ticks >= at;
}

const hangsAt = (state: RaftState): Ticks | null =>
  mindsHungDisk(state) ? hungAt(state, state.settings.electionTicksMax) : null;

/** Not where nobody else could lead: a lone voter with a slow disk would only end its own clients' calls. */
function mindsHungDisk(state: RaftState): boolean {
  const { voters, outgoing } = configOf(state);
  return state.settings.rules.stepDownOnHungDisk && (voters.length > 1 || outgoing !== null);
}

const nextCheck = (state: RaftState, now: Now): Ticks =>
  (now.ticks + state.settings.electionTicksMin) as Ticks;
