import {
  type Entry,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { heard, withProgress } from "./lead.ts";
import type { Accept, Decided, HeartbeatReply, Slot } from "./message.ts";
import { acknowledgeRound } from "./reads.ts";
import type { Leader, PaxosEffect, PaxosState, PaxosStep, Progress } from "./state.ts";

/** Of a member that has promised its log's end is known; of others nothing, until they answer a heartbeat. */
export function firstProgress(decided: Slot | null, at: Ticks): Progress {
  return {
    mode: decided === null ? "unknown" : "feed",
    decided: decided ?? (0 as Slot),
    // A promise leaves when all that its acceptor knows is on its disk.
    held: decided ?? (0 as Slot),
    nextSlot: ((decided ?? 0) + 1) as Slot,
    inflight: [],
    inflightBytes: 0,
    waitingSince: at,
    round: 0,
    heardAt: at,
    toldDecided: 0 as Slot,
    probe: { round: 0, decided: 0 as Slot },
    silent: false,
  };
}

/** Phase 2a, once per turn: to each member what it lacks, within its flow; then what is decided, if that rode on nothing. */
export function feed(state: PaxosState, now: Now): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const effects: PaxosEffect[] = [];
  const told: Told = { accept: null, notice: null };
  const progress = role.progress.map((known, peer) =>
    feedOne(state, role, now, peer, known, told, effects),
  );
  return progress === role.progress
    ? [state, effects]
    : [{ ...state, role: { ...role, progress } }, effects];
}

/** The last of its kind that a turn has sent: members in step are sent the very same, which is then encoded once. */
interface Told {
  accept: Accept | null;
  notice: Decided | null;
}

function feedOne(
  state: PaxosState,
  role: Leader,
  now: Now,
  peer: NodeId,
  known: Progress,
  told: Told,
  effects: PaxosEffect[],
): Progress {
  if (known.mode !== "feed") return known;
  const { settings, log, commitIndex } = state;
  let progress = known;
  const stuck =
    progress.inflight.length > 0 && now.ticks - progress.waitingSince >= settings.retransmitTicks;
  if (stuck) progress = again(state, role, peer, progress, progress.toldDecided);
  if (progress.nextSlot <= log.base.index) {
    effects.push({ type: "Transfer", to: peer });
    return { ...progress, mode: "snapshot", inflight: [], inflightBytes: 0 };
  }
  while (hasRoom(state, role, progress)) {
    const slot = progress.nextSlot;
    if (told.accept?.slot !== slot) told.accept = acceptFrom(state, role, slot);
    // Early: the leader counts itself only once its own record is durable, so others may be ahead of its disk.
    effects.push(sendEarly(peer, told.accept, "log"));
    progress = sent(progress, told.accept, now.ticks);
  }
  if (settings.decisions === "ride" || progress.toldDecided >= commitIndex) return progress;
  told.notice ??= {
    type: "Decided",
    ballot: state.term,
    decided: commitIndex,
    acknowledge: settings.decisions === "acknowledged",
  };
  // Early: a majority's disks hold what is decided.
  effects.push(sendEarly(peer, told.notice));
  return { ...progress, toldDecided: commitIndex };
}

function hasRoom({ commitIndex, settings }: PaxosState, role: Leader, p: Progress): boolean {
  const end = p.silent ? commitIndex + 1 : role.nextSlot;
  return (
    p.nextSlot < end &&
    p.inflight.length < settings.inflightMessagesMax &&
    p.inflightBytes < settings.inflightBytesMax
  );
}

/** Either chosen entries or undecided ones: the next message begins where the log ends. */
function acceptFrom(state: PaxosState, role: Leader, slot: Slot): Accept {
  const { log, commitIndex, settings, term } = state;
  const { batchEntriesMax, batchBytesMax } = settings;
  const entries =
    slot <= commitIndex
      ? log.slice((slot - 1) as LogIndex, commitIndex, batchEntriesMax, batchBytesMax)
      : undecidedFrom(state, role, slot);
  return { type: "Accept", ballot: term, slot, entries, decided: commitIndex, round: role.round };
}

function undecidedFrom(state: PaxosState, role: Leader, from: Slot): readonly Entry[] {
  const { batchEntriesMax, batchBytesMax } = state.settings;
  const entries: Entry[] = [];
  let bytes = 0;
  for (let slot = from; slot < role.nextSlot; slot = (slot + 1) as Slot) {
    const value = state.accepted.get(slot)?.value;
    if (value === undefined || entries.length >= batchEntriesMax) break;
    bytes += value.command.length;
    if (bytes > batchBytesMax && entries.length > 0) break;
    entries.push(value);
  }
  return entries;
}

function sent(progress: Progress, { slot, entries, decided }: Accept, now: Ticks): Progress {
  const bytes = entries.reduce((sum, { command }) => sum + command.length, 0);
  return {
    ...progress,
    nextSlot: (slot + entries.length) as Slot,
    inflight: [...progress.inflight, { slot, bytes }],
    inflightBytes: progress.inflightBytes + bytes,
    waitingSince: progress.inflight.length === 0 ? now : progress.waitingSince,
    toldDecided: Math.max(progress.toldDecided, decided) as Slot,
  };
}

/**
 * An answer to a heartbeat says what is missing there: it had been told what is decided, and still does not know it; or it was sent
 * what is undecided, nothing of that is under way any more, and it has not accepted it.
 */
export function onHeartbeatReply(
  state: PaxosState,
  now: Now,
  from: NodeId,
  m: HeartbeatReply,
): PaxosStep {
  const { role } = state;
  const known = role.type === "Leader" ? role.progress.get(from) : undefined;
  if (role.type !== "Leader" || known === undefined || m.ballot !== state.term)
    return [state, NO_EFFECTS];
  const round = Math.max(known.round, m.round);
  const told = { ...heard(state, known, now, m.decided), round, silent: m.repairing };
  const answersLast = m.round === known.probe.round || m.repairing;
  // One that crashed may know less than before, for what is decided is written lazily; its newest word counts.
  const next = answersLast ? { ...told, decided: m.decided } : told;
  const missing = next.mode === "feed" && next.inflight.length === 0 && answersLast;
  const fed = missing ? again(state, role, from, next, next.probe.decided) : next;
  return acknowledgeRound(withProgress(state, role, from, fed));
}

/** Goes back to the first slot that this member lacks; `told` is what it was told to be decided, and would have learnt if it could. */
function again(
  state: PaxosState,
  role: Leader,
  peer: NodeId,
  progress: Progress,
  told: Slot,
): Progress {
  const emptied = { ...progress, inflight: [], inflightBytes: 0 };
  if (progress.decided < Math.min(told, state.commitIndex))
    return { ...emptied, nextSlot: (progress.decided + 1) as Slot };
  for (let slot = (state.commitIndex + 1) as Slot; slot < progress.nextSlot; slot++)
    if (!role.votes.get(slot as Slot)?.includes(peer))
      return { ...emptied, nextSlot: slot as Slot };
  return emptied;
}
