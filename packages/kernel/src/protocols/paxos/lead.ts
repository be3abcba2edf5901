import {
  type Accepted,
  andThen,
  type Bytes,
  configOf,
  cutOnDisk,
  EMPTY,
  type Entry,
  hasQuorum,
  type LogIndex,
  NO_BALLOT,
  NO_EFFECTS,
  NO_ROUNDS,
  type NodeId,
  type Now,
  othersOf,
  PerMember,
  prevailing,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import { recordEntries } from "./acceptance.ts";
import { decides, lastProposable } from "./configuration.ts";
import { firstProgress } from "./feed.ts";
import type { AcceptedSlots, Ack, Slot } from "./message.ts";
import { acknowledgeRound } from "./reads.ts";
import {
  firstUndecided,
  isEstablished,
  type Leader,
  leaderOf,
  learn,
  type PaxosEffect,
  type PaxosState,
  type PaxosStep,
  type Preparing,
} from "./state.ts";
import { Window } from "./window.ts";

/**
 * Phase 1 is done: proposes again, under the own ballot, what was found in undecided slots, fills the holes between with no-ops, and
 * puts a no-op of its own behind them. Only when all that is chosen does it lead for others (`standing`): until then the log may lack
 * what an older leader had chosen.
 */
export function becomeLeader(
  state: PaxosState,
  { found, promised, before }: Preparing,
  now: Now,
): PaxosStep {
  const first = firstUndecided(state);
  const values = valuesToPropose(state, found);
  const last = Math.max(first - 1, ...values.keys());
  const entries: Entry[] = [];
  const votes = new Window<readonly NodeId[]>();
  for (let slot = first; slot <= last; slot = (slot + 1) as Slot) {
    const value = values.get(slot);
    entries.push(value ?? noop(slot));
    // Off, the hole is taken for chosen: all are said to have accepted what nobody was asked for.
    if (value === undefined && !state.settings.rules.fillHoles)
      votes.set(slot, configOf(state).voters);
  }
  const termStart = (last + 1) as Slot;
  entries.push(noop(termStart));
  const role: Leader = { ...newLeader(state, now, votes, promised, termStart), before };
  // What is not durable yet was accepted under older ballots, and says nothing of this one.
  const next: PaxosState = {
    ...cutOnDisk(state, 0 as LogIndex),
    role,
    electionAt: null,
    attempts: 0,
  };
  return acceptOwn(next, role, now, entries);
}

/** The value of the highest ballot for each undecided slot: of all that the promises told, and of what is accepted here. */
export function valuesToPropose(
  state: PaxosState,
  found: Window<Accepted<Entry>>,
): Map<Slot, Entry> {
  const values = new Map<Slot, Entry>();
  const first = firstUndecided(state);
  for (const slot of new Set([...found.slotsFrom(first), ...state.accepted.slotsFrom(first)])) {
    const own = state.accepted.get(slot) ?? null;
    const value = prevailing(own, found.get(slot) ?? null, state.settings.rules);
    if (value !== null) values.set(slot, value.value);
  }
  return values;
}

export const noop = (index: Slot): Entry => ({ index, epoch: 0, kind: "noop", command: EMPTY });

function newLeader(
  state: PaxosState,
  now: Now,
  votes: Window<readonly NodeId[]>,
  promised: Preparing["promised"],
  termStart: Slot,
): Leader {
  const progress = PerMember.of(othersOf(state), (member) =>
    firstProgress(promised.find(({ acceptor }) => acceptor === member)?.decided ?? null, now.ticks),
  );
  return {
    type: "Leader",
    progress,
    promised: promised.map(({ acceptor }) => acceptor),
    change: null,
    votes,
    nextSlot: firstUndecided(state),
    termStart,
    before: NO_BALLOT,
    undecidedBytes: 0,
    ...NO_ROUNDS,
    quorumCheckAt: (now.ticks + state.settings.electionTicksMax) as Ticks,
    // At once: those who have not promised do not know yet.
    heartbeatAt: now.ticks,
    transfer: null,
    invited: false,
  };
}

/** Gives commands the next slots. What is refused here is refused for certain: it was not proposed and never will be. */
export function onPropose(
  state: PaxosState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): PaxosStep {
  const { role, settings } = state;
  if (role.type !== "Leader" || !isEstablished(state, role) || role.transfer !== null) {
    const heir = role.type === "Leader" ? (role.transfer?.to ?? null) : null;
    const leaderHint = heir ?? (role.type === "Leader" ? null : leaderOf(state));
    return [
      state,
      commands.map(({ id }) => refuse(id, { code: "NotLeader", definite: true, leaderHint })),
    ];
  }
  const entries: Entry[] = [];
  const effects: PaxosEffect[] = [];
  const retryAfterTicks = settings.heartbeatTicks as Ticks;
  const last = lastProposable(state, role);
  let bytes = role.undecidedBytes;
  for (const { id, command } of commands) {
    const index = (role.nextSlot + entries.length) as Slot;
    const full = index > last || bytes + command.length > settings.undecidedBytesMax;
    if (full) effects.push(refuse(id, { code: "Overloaded", definite: true, retryAfterTicks }));
    else {
      entries.push({ index, epoch: 0, kind: "command", command });
      bytes += command.length;
    }
  }
  return andThen([state, effects], (s) => acceptOwn(s, role, now, entries));
}

/** The leader's own acceptor comes first: it promised this ballot, so it accepts. Others are sent the entries while the disk is at work. */
export function acceptOwn(
  state: PaxosState,
  role: Leader,
  now: Now,
  entries: readonly Entry[],
): PaxosStep {
  if (entries.length === 0) return [state, NO_EFFECTS];
  let undecidedBytes = role.undecidedBytes;
  for (const value of entries) {
    state.accepted.set(value.index, { ballot: state.term, value });
    undecidedBytes += value.command.length;
  }
  const nextSlot = (role.nextSlot + entries.length) as Slot;
  const next = { ...state, role: { ...role, nextSlot, undecidedBytes } };
  return recordEntries(next, now, state.term, entries);
}

/** Phase 2b arrived. Only what was accepted under this very ballot counts. */
export function onAcceptedSlots(
  state: PaxosState,
  now: Now,
  from: NodeId,
  m: AcceptedSlots,
): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const own = m.ballot === state.term;
  if (!own && state.settings.rules.quorumOfOneBallot) return [state, NO_EFFECTS];
  const end = Math.min(m.slot + m.count, role.nextSlot);
  for (let slot = Math.max(m.slot, firstUndecided(state)); slot < end; slot++) {
    const votes = role.votes.get(slot as Slot) ?? [];
    if (!votes.includes(from)) role.votes.set(slot as Slot, [...votes, from]);
  }
  const known = role.progress.get(from);
  if (!own || known === undefined) return [state, NO_EFFECTS];
  const inflight = known.inflight.filter(({ slot }) => slot !== m.slot);
  // What was sent later may be answered for ever while the oldest was lost: it alone says since when something is missing.
  const oldest = known.inflight[0]?.slot === m.slot;
  const next = {
    ...heard(state, known, now, m.decided),
    held: heldAfter(known.held, m),
    inflight,
    inflightBytes: inflight.reduce((sum, { bytes }) => sum + bytes, 0),
    waitingSince: oldest ? now.ticks : known.waitingSince,
    round: Math.max(known.round, m.round),
  };
  return acknowledgeRound(withProgress(state, role, from, next));
}

/** Its answer left when its disk held all that it knew: what is decided there, and what it accepted now, where that joins. */
function heldAfter(before: Slot, { slot, count, decided }: AcceptedSlots): Slot {
  const held = Math.max(before, decided);
  return (slot <= held + 1 ? Math.max(held, slot + count - 1) : held) as Slot;
}

export function onAck(state: PaxosState, now: Now, from: NodeId, m: Ack): PaxosStep {
  const { role } = state;
  const known = role.type === "Leader" ? role.progress.get(from) : undefined;
  if (role.type !== "Leader" || known === undefined || m.ballot !== state.term)
    return [state, NO_EFFECTS];
  return [withProgress(state, role, from, heard(state, known, now, m.decided)), NO_EFFECTS];
}

/** A member has said up to where it knows what is chosen: that is where to go on, if nothing was known of it. */
export function heard<P extends Leader["progress"]["values"][number]>(
  state: PaxosState,
  known: P,
  now: Now,
  said: Slot,
): P {
  const decided = Math.max(known.decided, said) as Slot;
  const next = { ...known, decided, heardAt: now.ticks };
  const found =
    known.mode === "unknown" || (known.mode === "snapshot" && said >= state.log.base.index);
  return found ? { ...next, mode: "feed", nextSlot: (decided + 1) as Slot } : next;
}

export const withProgress = (
  state: PaxosState,
  role: Leader,
  member: NodeId,
  progress: Leader["progress"]["values"][number],
): PaxosState => ({ ...state, role: { ...role, progress: role.progress.with(member, progress) } });

/**
 * Once per turn: what a majority of the slot's own voters has accepted under this ballot is chosen. It is handed out in the order of the
 * slots, without a gap.
 */
export function advanceDecided(state: PaxosState): PaxosStep {
  const { role, accepted } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const chosen: Entry[] = [];
  let bytes = 0;
  for (let slot = firstUndecided(state); slot < role.nextSlot; slot = (slot + 1) as Slot) {
    const value = accepted.get(slot)?.value;
    if (value === undefined || !isChosen(state, role, slot)) break;
    chosen.push(value);
    bytes += value.command.length;
    role.votes.delete(slot);
    // Who decides later slots follows from it.
    if (value.kind === "configuration") break;
  }
  const last = chosen[chosen.length - 1];
  if (last === undefined) return [state, NO_EFFECTS];
  const undecidedBytes = role.undecidedBytes - bytes;
  const step = learnOwn(state, { ...role, undecidedBytes }, chosen);
  return last.kind === "configuration" ? andThen(step, advanceDecided) : step;
}

/** Voters that others take the place of gave a lease which those others need not keep. */
function learnOwn(state: PaxosState, role: Leader, chosen: readonly Entry[]): PaxosStep {
  const [next, effects] = learn({ ...state, role }, chosen);
  const same = next.configs === state.configs || !state.settings.rules.incomingToldFirst;
  return [same ? next : { ...next, role: { ...role, leaseFrom: null } }, effects];
}

function isChosen(state: PaxosState, { votes }: Leader, slot: Slot): boolean {
  const others = votes.get(slot) ?? [];
  const own = !state.settings.rules.countSelfWhenDurable || slot <= state.durableIndex;
  return hasQuorum(decides(state, slot), (member) =>
    member === state.self ? own || others.includes(member) : others.includes(member),
  );
}
