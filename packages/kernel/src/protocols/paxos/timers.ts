import {
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
import { type Leader, type PaxosState, type PaxosStep, resetElectionTimer } from "./state.ts";
import { stepAside } from "./transfer.ts";

/** When this replica wants to be woken. */
export function wakeAt(state: PaxosState): Ticks | null {
  const { role } = state;
  if (role.type !== "Leader") return earliest(state.electionAt, readsWakeAt(state));
  const giveUpAt = role.transfer?.giveUpAt ?? null;
  return earliest(role.heartbeatAt, role.quorumCheckAt, giveUpAt, hangsAt(state));
}

/** When readers are to be asked for again; with nobody to ask, when they have waited too long. */
const readsWakeAt = ({ role, reads, settings }: PaxosState): Ticks | null =>
  readersWakeAt(reads, role.type === "Follower" && role.leader !== null, settings);

export function onWake(state: PaxosState, now: Now): PaxosStep {
  if (state.role.type === "Leader") return onLeaderWake(state, state.role, now);
  if (state.electionAt === null || now.ticks < state.electionAt) return [state, NO_EFFECTS];
  // One whose disk hangs could not lead: its promise to itself would never be durable.
  return isDiskHung(state, now)
    ? [resetElectionTimer(state, now.ticks), NO_EFFECTS]
    : onElectionTimeout(state, now);
}

function onLeaderWake(state: PaxosState, role: Leader, now: Now): PaxosStep {
  if (isDiskHung(state, now) || hasLostQuorum(state, role, now))
    return [stepAside(state, now), NO_EFFECTS];
  const { heartbeatTicks, electionTicksMin } = state.settings;
  const due = now.ticks >= role.quorumCheckAt;
  const quorumCheckAt = due ? ((now.ticks + electionTicksMin) as Ticks) : role.quorumCheckAt;
  const next: Leader = { ...role, quorumCheckAt };
  if (now.ticks < role.heartbeatAt) return [{ ...state, role: next }, NO_EFFECTS];
  // All leaders of a node beat at the same multiples of the interval, so that their heartbeats share frames.
  const heartbeatAt = ((Math.floor(now.ticks / heartbeatTicks) + 1) * heartbeatTicks) as Ticks;
  return beginRound(state, { ...next, heartbeatAt }, now);
}

/** No majority answered for an election time-out: somebody else may lead by now. */
function hasLostQuorum(state: PaxosState, role: Leader, now: Now): boolean {
  if (!state.settings.rules.checkQuorum || now.ticks < role.quorumCheckAt) return false;
  const heard = quorumValue(configOf(state), (member) =>
    member === state.self ? now.ticks : (role.progress.get(member)?.heardAt ?? 0),
  );
  return now.ticks - heard > state.settings.electionTicksMax;
}

/** Its disk has not written what it was given for an election time-out: it must not keep others from leading. */
function isDiskHung(state: PaxosState, now: Now): boolean {
  const at = hangsAt(state);
  return at !== null && now.ticks >= at;
}

const hangsAt = (state: PaxosState): Ticks | null =>
  mindsHungDisk(state) ? hungAt(state, state.settings.electionTicksMax) : null;

/** Not where nobody else could lead: a lone voter with a slow disk would only end its own clients' calls. */
const mindsHungDisk = (state: PaxosState): boolean =>
  state.settings.rules.stepDownOnHungDisk && configOf(state).voters.length > 1;
