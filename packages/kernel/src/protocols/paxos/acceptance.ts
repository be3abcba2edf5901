import {
  andThen,
  type Ballot,
  type Entry,
  inParts,
  mayAccept,
  NO_EFFECTS,
  type NodeId,
  type Now,
  sendEarly,
} from "../../core/index.ts";
import type {
  Accept,
  AcceptedSlots,
  Ack,
  Decided,
  Heartbeat,
  HeartbeatReply,
  Slot,
} from "./message.ts";
import { rejection } from "./prepare.ts";
import { encodeEntries } from "./record.ts";
import { repaired } from "./repair.ts";
import {
  firstUndecided,
  hardStateOf,
  learn,
  type PaxosState,
  type PaxosStep,
  persist,
  send,
} from "./state.ts";

/**
 * Phase 2b: accepts, each slot by itself, and learns what the leader says is chosen. The dispatch has made this replica promise
 * the ballot and follow its leader.
 */
export function onAccept(state: PaxosState, now: Now, from: NodeId, m: Accept): PaxosStep {
  // While a received snapshot is being made durable the log must not move, or its journal records would be superseded by the
  // checkpoint that is being written. The leader sends again.
  if (state.installing !== null) return [state, NO_EFFECTS];
  if (!mayAccept(state.term, m.ballot, state.settings.rules))
    return [state, [rejection(state, from, m.ballot)]];
  const { count, fresh, chosen } = takeIn(state, m);
  let step: PaxosStep = learn(state, chosen);
  step = andThen(step, (s) => learnDecided(s, m.ballot, m.decided));
  step = andThen(step, (s) => recordEntries(s, now, m.ballot, fresh));
  return andThen(step, (s) => {
    const reply: AcceptedSlots = {
      type: "AcceptedSlots",
      ballot: m.ballot,
      slot: m.slot,
      // A replica that is being rebuilt keeps what it is told, and counts for nothing.
      count: s.repairing ? 0 : count,
      decided: s.commitIndex,
      round: s.repairing ? 0 : m.round,
    };
    // Not early: the leader counts this replica as having accepted.
    return [s, [send(s, from, reply, "log")]];
  });
}

interface TakenIn {
  /** Of the entries sent, from the first on: accepted, or known to be chosen. */
  readonly count: number;
  /** To be recorded: without those known before at either end. */
  readonly fresh: readonly Entry[];
  /** Those that follow on the log and are told as chosen. */
  readonly chosen: readonly Entry[];
}

/** Puts what is accepted into the window, within `alpha` slots of the log's end. */
function takeIn(state: PaxosState, m: Accept): TakenIn {
  const { accepted, settings } = state;
  const known = state.log.lastIndex;
  const chosen: Entry[] = [];
  let [count, firstNew, lastNew] = [0, -1, -1];
  for (const entry of m.entries) {
    const next = known + chosen.length + 1;
    const at = accepted.get(entry.index);
    if (entry.index === next && entry.index <= m.decided) chosen.push(entry);
    else if (entry.index > next - 1 + settings.alpha) break;
    else if (entry.index >= next && at?.ballot !== m.ballot)
      accepted.set(entry.index, { ballot: m.ballot, value: entry });
    if (entry.index > known && at?.ballot !== m.ballot) {
      firstNew = firstNew < 0 ? count : firstNew;
      lastNew = count;
    }
    count++;
  }
  return { count, chosen, fresh: firstNew < 0 ? [] : m.entries.slice(firstNew, lastNew + 1) };
}

/**
 * Learns what was accepted here and is said to be decided, now or by an earlier message that came before the value. What was
 * accepted under an older ballot may be another value than the one that was chosen: the log stops there, and the leader finds out by
 * `decided` in the answers.
 */
function learnDecided(state: PaxosState, ballot: Ballot, said: Slot): PaxosStep {
  const { role } = state;
  if (role.type !== "Follower") return [state, NO_EFFECTS];
  const decided = Math.max(role.decided, said);
  const told =
    decided === role.decided ? state : { ...state, role: { ...role, decided: decided as Slot } };
  const chosen: Entry[] = [];
  for (let slot = firstUndecided(state); slot <= decided; slot = (slot + 1) as Slot) {
    const known = state.accepted.get(slot);
    if (known === undefined) break;
    if (known.ballot !== ballot && state.settings.rules.learnByBallot) break;
    chosen.push(known.value);
  }
  return learn(told, chosen);
}

/** One record per `batchBytesMax`, so that no journal record outgrows what a frame may carry. */
export function recordEntries(
  state: PaxosState,
  now: Now,
  ballot: Ballot,
  entries: readonly Entry[],
): PaxosStep {
  const acceptedUnder = Math.max(state.acceptedUnder, ballot) as Ballot;
  let step: PaxosStep = [{ ...state, acceptedUnder }, NO_EFFECTS];
  for (const part of inParts(entries, state.settings.batchBytesMax)) {
    const [first, last] = [part[0], part[part.length - 1]];
    if (first === undefined || last === undefined) break;
    step = andThen(step, (s) => {
      const record = encodeEntries(hardStateOf(s), ballot, first.index, part);
      return persist(s, now.ticks, record, last.index);
    });
  }
  return step;
}

/** What this leader proposed up to there is chosen. In explicit mode that is acknowledged. */
export function onDecided(state: PaxosState, from: NodeId, m: Decided): PaxosStep {
  if (state.installing !== null) return [state, NO_EFFECTS];
  return andThen(learnDecided(state, m.ballot, m.decided), (s) => {
    const reply: Ack = { type: "Ack", ballot: m.ballot, decided: s.commitIndex };
    // Early: that it is decided is already true, whatever this replica forgets.
    return [s, m.acknowledge ? [sendEarly(from, reply)] : NO_EFFECTS];
  });
}

/** The leader lives, and says how far it is. */
export function onHeartbeat(state: PaxosState, now: Now, from: NodeId, m: Heartbeat): PaxosStep {
  const step: PaxosStep =
    state.installing === null ? learnDecided(state, m.ballot, m.decided) : [state, NO_EFFECTS];
  return andThen(repaired(step, now, m.ownFrom), (s) => {
    const reply: HeartbeatReply = {
      type: "HeartbeatReply",
      ballot: m.ballot,
      decided: s.commitIndex,
      // Of a replica that may have forgotten a promise of a higher ballot the answer confirms nothing.
      round: s.repairing ? 0 : m.round,
      repairing: s.repairing,
    };
    // Early: it confirms that no higher ballot was promised here until now, which a crash cannot make untrue.
    return [s, [sendEarly(from, reply)]];
  });
}
