import {
  commit,
  inSyncLacking,
  isOverdue,
  mayAct,
  possibleInSync,
} from "../../core/appointed/index.ts";
import {
  andThen,
  type Entry,
  type Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  type Ticks,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import { sendsUpTo } from "./pulling.ts";
import { echoTo } from "./read-leases.ts";
import {
  follow,
  type Primary,
  type PrimaryEffect,
  type PrimaryState,
  type PrimaryStep,
  type Progress,
} from "./state.ts";

type Update = Extract<PrimaryMessage, { type: "Update" }>;
type Ack = Extract<PrimaryMessage, { type: "Ack" }>;

/** At the end of a primary's turn: commits what enough have, and sends to each secondary what it lacks. */
export function replicate(state: PrimaryState, now: Now): PrimaryStep {
  return andThen(advance(state, now.ticks), (s) => sendAll(s, now.ticks));
}

function advance(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role } = state;
  if (role.type !== "Leader" || !mayAct(state, now)) return [state, NO_EFFECTS];
  const held = acknowledged(state, role);
  const [next, effects] = commit(state, held);
  const waits = next.commitIndex < next.log.lastIndex;
  const moved = next.commitIndex > state.commitIndex;
  const waitingSince = waits ? (moved ? now : (role.waitingSince ?? now)) : null;
  if (waitingSince === role.waitingSince) return [next, effects];
  return [{ ...next, role: { ...role, waitingSince } }, effects];
}

/** Up to where so many hold the log as an acknowledgement asks for, this replica's own disk among them. */
function acknowledged(state: PrimaryState, role: Primary): LogIndex {
  const { settings } = state;
  // What was under way when the others fell out of step waits for them like what is refused since: one disk is not enough for it.
  if (inSyncLacking(state) > 0) return state.commitIndex;
  const known = possibleInSync(state, role);
  const sets = settings.rules.growFirst ? known : known.slice(0, 1);
  const held = sets.map((inSync) => heldBy(state, role, inSync));
  const near = role.joining.map((member) => role.progress.get(member)?.match ?? 0);
  const upTo = Math.min(ownHeld(state), ...held, ...near) as LogIndex;
  // An entry of an earlier epoch that so many hold may yet give way to one of an epoch between: only behind this one's first it is safe
  // (Raft §5.4.2, figure 8).
  return upTo < role.base && settings.rules.commitOwnEpochFirst ? state.commitIndex : upTo;
}

/** Up to where this replica counts itself. */
export const ownHeld = ({ settings, durableIndex, log }: PrimaryState): LogIndex =>
  settings.rules.countSelfWhenDurable ? durableIndex : log.lastIndex;

/** Up to where enough of the others in such a set have the log. */
function heldBy(
  { settings, log }: PrimaryState,
  { progress, base }: Primary,
  inSync: readonly NodeId[],
): number {
  const matches: number[] = [];
  for (const member of progress.members) {
    const { match } = progress.get(member) ?? { match: 0 };
    // Without the rule whoever does not answer is not waited for.
    if (inSync.includes(member) && (settings.rules.shrinkFirst || match >= base))
      matches.push(match);
  }
  matches.sort((a, b) => b - a);
  const needed = Math.min(acksOf(settings.acks, progress.members.length), matches.length);
  return needed === 0 ? log.lastIndex : (matches[needed - 1] ?? 0);
}

function acksOf(acks: PrimaryState["settings"]["acks"], others: number): number {
  if (acks === "all") return others;
  return acks === "majority" ? Math.floor((others + 1) / 2) : acks;
}

/** Where secondaries ask for it, what they have asked for; else it has left already. */
export const sendBehind = (state: PrimaryState, now: Now): PrimaryStep =>
  state.settings.pullTicks === null ? [state, NO_EFFECTS] : sendAll(state, now.ticks);

function sendAll(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role } = state;
  if (role.type !== "Leader" || !mayAct(state, now)) return [state, NO_EFFECTS];
  const effects: PrimaryEffect[] = [];
  const progress = role.progress.map((one, member) => feed(state, role, member, one, now, effects));
  const next = progress === role.progress ? state : { ...state, role: { ...role, progress } };
  return [next, effects];
}

/** What one secondary is sent now. */
function feed(
  state: PrimaryState,
  role: Primary,
  to: NodeId,
  before: Progress,
  now: Ticks,
  effects: PrimaryEffect[],
): Progress {
  const { settings, log, commitIndex } = state;
  let progress = before;
  if (progress.inflight > 0 && now - progress.sentAt >= settings.retransmitTicks)
    progress = { ...progress, mode: "probe", next: joint(role, progress), inflight: 0 };
  if (progress.mode === "snapshot") return progress;
  const room = progress.mode === "probe" ? 1 : settings.inflightMessagesMax;
  const last = sendsUpTo(state, role, progress);
  while (progress.inflight < room && progress.next <= last) {
    if (progress.next <= log.base.index) {
      effects.push({ type: "Transfer", to });
      return { ...progress, mode: "snapshot", inflight: 0 };
    }
    const after = (progress.next - 1) as LogIndex;
    const { batchEntriesMax, batchBytesMax } = settings;
    const entries = log.slice(after, last, batchEntriesMax, batchBytesMax);
    effects.push(update(state, role, to, after, entries, wantsAnswer(settings, progress)));
    progress = {
      ...progress,
      inflight: progress.inflight + 1,
      sentAt: progress.inflight === 0 ? now : progress.sentAt,
      next: (after + entries.length + 1) as LogIndex,
      told: commitIndex,
    };
    if (progress.mode === "probe") break;
  }
  const untold =
    progress.told < commitIndex && progress.match >= Math.max(commitIndex, log.base.index);
  if (untold && settings.pullTicks === null && settings.commitNotice === "eager") {
    effects.push(update(state, role, to, progress.match, [], false));
    progress = { ...progress, told: commitIndex };
  }
  return progress;
}

/**
 * Asynchronous, in explicit mode, an update is one message and no more (card 1): what a secondary has it says when a heartbeat asks, or
 * when so much is under way that the primary must know.
 */
const wantsAnswer = (
  { acks, commitNotice, inflightMessagesMax }: PrimaryState["settings"],
  { mode, inflight }: Progress,
): boolean =>
  acks !== 0 ||
  commitNotice === "eager" ||
  mode === "probe" ||
  2 * (inflight + 1) >= inflightMessagesMax;

/** Where to go on with a secondary: behind what it has acknowledged; before it has said anything, at the first entry of this epoch. */
const joint = ({ base }: Primary, { match }: Progress): LogIndex =>
  (match > 0 ? match + 1 : base) as LogIndex;

/**
 * Early, once this replica's disk knows of the epoch: an update promises nothing but that no other has this place in it, and what is its
 * receiver's to check, the log before it. What its commit index says was acknowledged by their disks, and by this one's.
 */
function update(
  state: PrimaryState,
  { base }: Primary,
  to: NodeId,
  after: LogIndex,
  entries: readonly Entry[],
  answer: boolean,
  echo: Ticks | null = null,
): PrimaryEffect {
  const { term: epoch, commitIndex, log, durableIndex, settings } = state;
  const prev: Position = { index: after, epoch: log.epochAt(after) ?? log.base.epoch };
  const message: Update = {
    type: "Update",
    epoch,
    prev,
    entries,
    commit: commitIndex,
    since: prev.epoch === epoch ? base : beginningOf(log, prev),
    answer,
    echo,
  };
  const early = durableIndex >= base || !settings.rules.persistEpochFirst;
  return { type: "Send", to, message, early, lane: "log" };
}

/** Where the epoch of this entry begins. Looks at no more entries than the tail that is kept. */
function beginningOf(log: Log, { index, epoch }: Position): LogIndex {
  let first = index;
  while (first > log.firstIndex && log.epochAt((first - 1) as LogIndex) === epoch)
    first = (first - 1) as LogIndex;
  return first;
}

/** Tells every secondary that its primary lives, and asks where its log joins. */
export function heartbeat(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role, settings, commitIndex, log } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const effects: PrimaryEffect[] = [];
  const silent = isOverdue(state, now);
  const progress = role.progress.map((one, member) => {
    if (silent) return one;
    const from = Math.max(Math.min(one.next - 1, log.lastIndex), log.base.index) as LogIndex;
    const answer = one.inflight === 0 || !wantsAnswer(settings, one);
    const echo = echoTo(state, role, member, one, now);
    effects.push(update(state, role, member, from, [], answer, echo));
    const told = one.match >= commitIndex ? commitIndex : one.told;
    // It counts from when it said so, which was before that was heard.
    const leasedAt = (echo === null ? one.leasedAt : Math.max(one.leasedAt, one.heardAt)) as Ticks;
    return { ...one, told, leasedAt };
  });
  const heartbeatAt = (now + settings.heartbeatTicks) as Ticks;
  const beats = [role.beats[1], commitIndex] as const;
  return [{ ...state, role: { ...role, progress, heartbeatAt, beats } }, effects];
}

/** A secondary's answer. */
export function onAck(state: PrimaryState, now: Now, from: NodeId, m: Ack): PrimaryStep {
  const { role, log } = state;
  if (m.epoch > state.term) return follow(state, m.epoch, null, now.ticks);
  const progress = role.type === "Leader" ? role.progress.get(from) : undefined;
  if (role.type !== "Leader" || progress === undefined || m.epoch < state.term)
    return [state, NO_EFFECTS];
  const heard = { ...progress, heardAt: now.ticks, at: m.at };
  const put = (next: Progress): PrimaryState => ({
    ...state,
    role: { ...role, progress: role.progress.with(from, next) },
  });
  if (m.state === "Forked") {
    // One who may not act any more makes nobody whole: what it has may be old.
    if (progress.mode === "snapshot" || !mayAct(state, now.ticks)) return [put(heard), NO_EFFECTS];
    const next: Progress = { ...heard, mode: "snapshot", match: 0 as LogIndex, inflight: 0 };
    return [put(next), [{ type: "Transfer", to: from }]];
  }
  // It is being replaced: what it had may be gone by now. It is probed when that is over.
  if (progress.mode === "snapshot") return [put(heard), NO_EFFECTS];
  const match = Math.min(m.match, log.lastIndex) as LogIndex;
  if (m.state === "Lacks") {
    // An answer to something older costs a repetition at most; a disk that lied must not leave it without.
    const known = Math.min(progress.match, match) as LogIndex;
    const next = (match + 1) as LogIndex;
    return [put({ ...heard, mode: "probe", match: known, next, inflight: 0 }), NO_EFFECTS];
  }
  const further = Math.max(progress.match, match) as LogIndex;
  const inflight = further + 1 >= progress.next ? 0 : Math.max(0, progress.inflight - 1);
  return [
    put({
      ...heard,
      mode: "stream",
      match: further,
      next: Math.max(progress.next, further + 1) as LogIndex,
      inflight,
      sentAt: now.ticks,
    }),
    NO_EFFECTS,
  ];
}

/** What was under way on the old link is lost, or will be answered: either way it is probed again. */
export function relink(state: PrimaryState, peer: NodeId, now: Ticks): PrimaryState {
  const { role } = state;
  const progress = role.type === "Leader" ? role.progress.get(peer) : undefined;
  if (role.type !== "Leader" || progress === undefined || progress.mode === "snapshot")
    return state;
  const next = joint(role, progress);
  const probed = { ...progress, mode: "probe", next, inflight: 0, sentAt: now } as const;
  return { ...state, role: { ...role, progress: role.progress.with(peer, probed) } };
}
