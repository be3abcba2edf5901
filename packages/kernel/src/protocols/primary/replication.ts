import type { Entry, LogIndex, NodeId, Now, Position, Ticks } from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import {
  andThen,
  commit,
  follow,
  mayAct,
  NO_EFFECTS,
  type Primary,
  type PrimaryEffect,
  type PrimaryState,
  type PrimaryStep,
  type Progress,
  replaceAfter,
  send,
} from "./state.ts";
import { awaited } from "./tenure.ts";

type Update = Extract<PrimaryMessage, { type: "Update" }>;
type Ack = Extract<PrimaryMessage, { type: "Ack" }>;

/** At the end of a primary's turn: commits what enough have, and sends to each secondary what it lacks. */
export function replicate(state: PrimaryState, now: Now): PrimaryStep {
  return andThen(advance(state, now.ticks), (s) => sendAll(s, now.ticks));
}

function advance(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role } = state;
  if (role.type !== "Primary" || !mayAct(state, now)) return [state, NO_EFFECTS];
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
  const { settings, durableIndex, log } = state;
  const own = settings.rules.countSelfWhenDurable ? durableIndex : log.lastIndex;
  const members = settings.rules.shrinkFirst
    ? awaited(state, role)
    : role.progress.members.filter((member) => responds(state, role, member));
  const matches = members.map((member) => role.progress.get(member)?.match ?? 0);
  matches.sort((a, b) => b - a);
  const needed = settings.acks === "all" ? matches.length : Math.min(settings.acks, matches.length);
  return Math.min(own, needed === 0 ? own : (matches[needed - 1] ?? 0)) as LogIndex;
}

/** Used where the rule is switched off that waits for group 0's word. */
function responds(state: PrimaryState, role: Primary, member: NodeId): boolean {
  const progress = role.progress.get(member);
  return (
    awaited(state, role).includes(member) && progress !== undefined && progress.match >= role.base
  );
}

function sendAll(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role } = state;
  if (role.type !== "Primary" || !mayAct(state, now)) return [state, NO_EFFECTS];
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
  while (progress.inflight < room && progress.next <= log.lastIndex) {
    if (progress.next <= log.base.index) {
      effects.push({ type: "Transfer", to });
      return { ...progress, mode: "snapshot", inflight: 0 };
    }
    const after = (progress.next - 1) as LogIndex;
    const { batchEntriesMax, batchBytesMax } = settings;
    const entries = log.slice(after, log.lastIndex, batchEntriesMax, batchBytesMax);
    effects.push(update(state, role, to, after, entries, true));
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
  if (untold && settings.commitNotice === "eager") {
    effects.push(update(state, role, to, progress.match, [], false));
    progress = { ...progress, told: commitIndex };
  }
  return progress;
}

/** Where to go on with a secondary: behind what it has acknowledged; before it has said anything, at the first entry of this epoch. */
const joint = ({ base }: Primary, { match }: Progress): LogIndex =>
  (match > 0 ? match + 1 : base) as LogIndex;

/**
 * Early: an update promises nothing but what is its receiver's to check, the log before it. What its commit index says was
 * acknowledged by their disks, and by this one's.
 */
function update(
  state: PrimaryState,
  { base }: Primary,
  to: NodeId,
  after: LogIndex,
  entries: readonly Entry[],
  answer: boolean,
): PrimaryEffect {
  const { term: epoch, commitIndex, log } = state;
  const prev: Position = { index: after, epoch: log.epochAt(after) ?? log.base.epoch };
  const message: Update = {
    type: "Update",
    epoch,
    prev,
    entries,
    commit: commitIndex,
    base,
    answer,
  };
  return send(to, message, true);
}

/** Tells every secondary that its primary lives, and asks where its log joins. */
export function heartbeat(state: PrimaryState, now: Ticks): PrimaryStep {
  const { role, settings, commitIndex, log } = state;
  if (role.type !== "Primary") return [state, NO_EFFECTS];
  const effects: PrimaryEffect[] = [];
  // One who may not act any more keeps silent: the others are to miss it, and have another appointed.
  const silent = state.until !== null && !mayAct(state, now);
  const progress = role.progress.map((one, member) => {
    if (silent) return one;
    const from = Math.max(Math.min(one.next - 1, log.lastIndex), log.base.index) as LogIndex;
    effects.push(update(state, role, member, from, [], one.inflight === 0));
    return { ...one, told: one.match >= commitIndex ? commitIndex : one.told };
  });
  const heartbeatAt = (now + settings.heartbeatTicks) as Ticks;
  return [{ ...state, role: { ...role, progress, heartbeatAt } }, effects];
}

/** A secondary's answer. */
export function onAck(state: PrimaryState, now: Now, from: NodeId, m: Ack): PrimaryStep {
  const { role, log } = state;
  if (m.epoch > state.term) return follow(state, m.epoch, null, now.ticks);
  const progress = role.type === "Primary" ? role.progress.get(from) : undefined;
  if (role.type !== "Primary" || progress === undefined || m.epoch < state.term)
    return [state, NO_EFFECTS];
  const heard = { ...progress, heardAt: now.ticks };
  const put = (next: Progress): PrimaryState => ({
    ...state,
    role: { ...role, progress: role.progress.with(from, next) },
  });
  if (m.state === "Forked") {
    if (progress.mode === "snapshot") return [put(heard), NO_EFFECTS];
    const next: Progress = { ...heard, mode: "snapshot", match: 0 as LogIndex, inflight: 0 };
    return [put(next), [{ type: "Transfer", to: from }]];
  }
  const match = Math.min(m.match, log.lastIndex) as LogIndex;
  if (m.state === "Lacks") {
    if (progress.mode === "snapshot") return [put(heard), NO_EFFECTS];
    // An answer to something older costs a repetition at most; a disk that lied must not leave it without.
    const known = Math.min(progress.match, match) as LogIndex;
    const next = (match + 1) as LogIndex;
    return [put({ ...heard, mode: "probe", match: known, next, inflight: 0 }), NO_EFFECTS];
  }
  const further = Math.max(progress.match, match) as LogIndex;
  const inflight = Math.max(0, progress.inflight - 1);
  return [
    put({
      ...heard,
      mode: progress.mode === "snapshot" && match < progress.match ? "snapshot" : "stream",
      match: further,
      next: Math.max(progress.next, further + 1) as LogIndex,
      inflight,
      sentAt: now.ticks,
    }),
    NO_EFFECTS,
  ];
}

/** The primary's word on the log: joins it to one's own, or says where that goes on (card 9). */
export function onUpdate(state: PrimaryState, now: Now, from: NodeId, m: Update): PrimaryStep {
  const { refuseOldEpochs } = state.settings.rules;
  if (m.epoch < state.term && refuseOldEpochs)
    return [
      state,
      [send(from, { type: "Ack", epoch: state.term, state: "Lacks", match: 0 as LogIndex }, true)],
    ];
  if (state.role.type === "Primary" && m.epoch === state.term) return [state, NO_EFFECTS];
  const step = follow(state, Math.max(m.epoch, state.term), from, now.ticks);
  if (state.installing !== null) return step;
  return andThen(step, (s) => join(s, now.ticks, from, m));
}

function join(state: PrimaryState, now: Ticks, from: NodeId, m: Update): PrimaryStep {
  const { log, commitIndex } = state;
  const answer = (s: PrimaryState, what: Ack["state"], match: LogIndex): PrimaryEffect =>
    send(
      from,
      { type: "Ack", epoch: s.term, state: what, match },
      !s.settings.rules.persistBeforeAck,
    );
  if (state.repairing || state.forked) return [state, [answer(state, "Forked", commitIndex)]];
  // What was dropped from the tail is committed, and the same wherever nobody forked.
  const skipped = Math.max(0, log.base.index - m.prev.index);
  const entries = m.entries.slice(skipped);
  const prev: Position =
    skipped === 0
      ? m.prev
      : {
          index: (m.prev.index + Math.min(skipped, m.entries.length)) as LogIndex,
          epoch: log.base.epoch,
        };
  if (skipped > m.entries.length) return [state, [answer(state, "Lacks", log.lastIndex)]];
  if (skipped === 0 && log.epochAt(prev.index) !== prev.epoch) {
    if (prev.index <= commitIndex) return fork(state, answer);
    const match = Math.min(commitIndex, prev.index - 1) as LogIndex;
    return [state, [answer(state, "Lacks", match)]];
  }
  const at = entries.findIndex(({ index, epoch }) => log.epochAt(index) !== epoch);
  const fresh = state.settings.rules.truncateOnlyOnConflict
    ? at < 0
      ? []
      : entries.slice(at)
    : entries;
  const [first] = fresh;
  if (first !== undefined && first.index <= commitIndex) return fork(state, answer);
  const written: PrimaryStep =
    first === undefined
      ? [state, NO_EFFECTS]
      : replaceAfter(
          state,
          now,
          before(log.epochAt((first.index - 1) as LogIndex), first.index),
          fresh,
        );
  const match = (prev.index + entries.length) as LogIndex;
  // One that was rebuilt has forgotten what it acknowledged, and others may have seen that since: it is whole again with all of it.
  const whole = match >= Math.max(m.base, m.commit);
  return andThen(whole ? joinedOf(written) : written, (s) =>
    andThen(commit(s, Math.min(m.commit, match) as LogIndex), (done) => [
      done,
      m.answer ? [answer(done, "Holds", match)] : NO_EFFECTS,
    ]),
  );
}

const joinedOf = ([state, effects]: PrimaryStep): PrimaryStep =>
  state.role.type !== "Secondary" || state.role.joined
    ? [state, effects]
    : [{ ...state, role: { ...state.role, joined: true } }, effects];

const before = (epoch: number | null, index: number): Position => ({
  index: (index - 1) as LogIndex,
  epoch: epoch ?? 0,
});

/** What this replica has applied its primary does not have: it was acknowledged by too few (card 1, PA-3). It serves nobody before a snapshot has replaced it. */
function fork(
  state: PrimaryState,
  answer: (s: PrimaryState, what: Ack["state"], match: LogIndex) => PrimaryEffect,
): PrimaryStep {
  const next = { ...state, forked: true };
  return [next, [answer(next, "Forked", state.commitIndex)]];
}
