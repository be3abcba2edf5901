import {
  configOf,
  type LogIndex,
  type NodeId,
  type Now,
  quorumValue,
  type ReadLevel,
  type RequestId,
  type Ticks,
} from "../../core/index.ts";
import type { Ping, Pong, Sync, SyncReply } from "./message.ts";
import {
  type FollowerReads,
  type LeaderRead,
  type Leading,
  NO_EFFECTS,
  refuse,
  sendEarly,
  withProgress,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";

/** Readers arrive. Local ones look at once: what was delivered here is committed, and may be old. */
export function onRead(
  state: ZabState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): ZabStep {
  if (level === "local") return [state, [readable(ids, state.lastApplied)]];
  if (waitingCount(state) + ids.length > state.settings.readsMax) {
    const retryAfterTicks = state.settings.pingTicks as Ticks;
    return [
      state,
      ids.map((id) => refuse(id, { code: "Overloaded", definite: true, retryAfterTicks })),
    ];
  }
  const waiting = [...state.reads.waiting, { ids, since: now.ticks }];
  return [{ ...state, reads: { ...state.reads, waiting } }, NO_EFFECTS];
}

/**
 * A follower's `sync`: answered once everything that was proposed before it is committed, as in ZooKeeper. That brings
 * the follower level with this leader; whether it still leads nobody has asked, unless `strictReads`.
 */
export function onSync(state: ZabState, now: Now, from: NodeId, m: Sync): ZabStep {
  const { role, settings, log } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast") return [state, NO_EFFECTS];
  if (waitingCount(state) >= settings.readsMax) return [state, NO_EFFECTS];
  const asker = { member: from, question: m.question };
  return [withRead(state, role, { ids: [], asker, upTo: log.lastIndex, since: now.ticks }), []];
}

function withRead(state: ZabState, role: Leading, read: Omit<LeaderRead, "round">): ZabState {
  const { strictReads } = state.settings;
  const round = strictReads ? role.round + 1 : 0;
  const confirm = role.confirm || strictReads;
  return { ...state, role: { ...role, confirm, reads: [...role.reads, { ...read, round }] } };
}

export function onSyncReply(state: ZabState, m: SyncReply): ZabStep {
  const { reads } = state;
  const asked = reads.asked.find(({ question }) => question === m.question);
  if (asked === undefined) return [state, NO_EFFECTS];
  const rest = reads.asked.filter(({ question }) => question !== m.question);
  return [{ ...state, reads: { ...reads, asked: rest } }, [readable(asked.ids, m.upTo)]];
}

/** At the end of a turn: a leader serves its own and those who asked, a follower asks for its own. */
export function serveReads(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type === "Looking" || role.phase !== "broadcast") return dropOld(state, now);
  return role.type === "Leading" ? serveAsLeader(state, now) : askLeader(state, role.leader, now);
}

function serveAsLeader(state: ZabState, now: Now): ZabStep {
  let next = state;
  for (const { ids, since } of state.reads.waiting) {
    if (next.role.type !== "Leading") break;
    next = withRead(next, next.role, { ids, asker: null, upTo: state.commitIndex, since });
  }
  if (state.reads.waiting.length > 0) next = { ...next, reads: { ...next.reads, waiting: [] } };
  if (next.role.type !== "Leading" || next.role.reads.length === 0) return [next, NO_EFFECTS];
  const [asking, effects] = next.role.confirm ? beginRound(next, next.role) : [next, NO_EFFECTS];
  const [answered, more] = answerReads(asking, now);
  return [answered, [...effects, ...more]];
}

function answerReads(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Leading") return [state, NO_EFFECTS];
  const round = confirmedRound(state, role);
  const limit = now.ticks - state.settings.readTicksMax;
  const effects: ZabEffect[] = [];
  const reads: LeaderRead[] = [];
  for (const read of role.reads) {
    if (state.commitIndex >= read.upTo && read.round <= round) effects.push(answer(state, read));
    else if (read.since < limit) effects.push(...noLeader(read.ids));
    else reads.push(read);
  }
  if (reads.length === role.reads.length) return [state, NO_EFFECTS];
  return [{ ...state, role: { ...role, reads } }, effects];
}

/** A member that is being rebuilt confirms nothing: it may have promised a later epoch and forgotten it. */
const confirmedRound = (state: ZabState, { followers, round }: Leading): number =>
  quorumValue(configOf(state), (member) => {
    if (member === state.self) return round;
    const progress = followers.get(member);
    return progress?.stage === "counted" ? progress.round : 0;
  });

function answer({ acceptedEpoch }: ZabState, { ids, asker, upTo }: LeaderRead): ZabEffect {
  if (asker === null) return readable(ids, upTo);
  const { member, question } = asker;
  const reply: SyncReply = { type: "SyncReply", epoch: acceptedEpoch, question, upTo };
  // Early: the index is committed; a crash here takes nothing back.
  return sendEarly(member, reply);
}

/** Pings everybody who is being synchronised or is; their answers confirm that they have promised no later epoch. */
export function beginRound(state: ZabState, role: Leading): ZabStep {
  if (role.epoch === null) return [state, NO_EFFECTS];
  const round = role.round + 1;
  const ping: Ping = { type: "Ping", epoch: role.epoch, round, commit: state.commitIndex };
  const effects: ZabEffect[] = [];
  for (const peer of role.followers.members) {
    const stage = role.followers.get(peer)?.stage;
    if (stage === "absent" || stage === "reported" || stage === "told") continue;
    // Early: it says what has been committed already.
    effects.push(sendEarly(peer, ping));
  }
  return [{ ...state, role: { ...role, round, confirm: false } }, effects];
}

export function onPong(state: ZabState, now: Now, from: NodeId, m: Pong): ZabStep {
  const { role } = state;
  const progress = role.type === "Leading" ? role.followers.get(from) : undefined;
  if (progress === undefined) return [state, NO_EFFECTS];
  const round = Math.max(progress.round, m.round);
  // It has not heard UPTODATE: it is told again.
  const upToDateSent = progress.upToDateSent && m.upToDate;
  const next = { ...progress, round, upToDateSent, heardAt: now.ticks };
  return [withProgress(state, from, next), NO_EFFECTS];
}

function askLeader(state: ZabState, leader: NodeId, now: Now): ZabStep {
  if (state.reads.waiting.length + state.reads.asked.length === 0) return [state, NO_EFFECTS];
  const [{ reads }, dropped] = dropOld(state, now);
  const lostBefore = now.ticks - state.settings.retransmitTicks;
  const lost = reads.asked.filter(({ sentAt }) => sentAt <= lostBefore);
  const again = [...lost, ...reads.waiting];
  if (again.length === 0) return [{ ...state, reads }, dropped];
  // A question asked again is a new question: an old answer must not serve a newer reader.
  const question = reads.questions + 1;
  const since = Math.min(now.ticks, ...again.map((read) => read.since)) as Ticks;
  const ids = again.flatMap((read) => read.ids);
  const asked = [
    ...reads.asked.filter(({ sentAt }) => sentAt > lostBefore),
    { question, ids, since, sentAt: now.ticks },
  ];
  const message: Sync = { type: "Sync", epoch: state.acceptedEpoch, question };
  const next: FollowerReads = { waiting: [], asked, questions: question };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

/** Readers that waited longer than any deadline allows are told that there is no leader. */
function dropOld(state: ZabState, now: Now): ZabStep {
  const { reads } = state;
  if (reads.waiting.length + reads.asked.length === 0) return [state, NO_EFFECTS];
  const limit = now.ticks - state.settings.readTicksMax;
  const isOld = ({ since }: { readonly since: Ticks }): boolean => since < limit;
  const old = [...reads.waiting, ...reads.asked].filter(isOld);
  if (old.length === 0) return [state, NO_EFFECTS];
  const waiting = reads.waiting.filter((read) => !isOld(read));
  const asked = reads.asked.filter((read) => !isOld(read));
  return [
    { ...state, reads: { ...reads, waiting, asked } },
    old.flatMap(({ ids }) => noLeader(ids)),
  ];
}

const noLeader = (ids: readonly RequestId[]): readonly ZabEffect[] =>
  ids.map((id) => refuse(id, { code: "NoLeader", definite: true }));

/** Readers of a role that ends go on waiting: the next leader serves them or is asked. */
export function waitingReaders({ reads, role }: ZabState): FollowerReads {
  const own = role.type === "Leading" ? role.reads.filter(({ asker }) => asker === null) : [];
  if (own.length + reads.asked.length === 0) return reads;
  const again = [...reads.asked, ...own].map(({ ids, since }) => ({ ids, since }));
  return { waiting: [...again, ...reads.waiting], asked: [], questions: reads.questions };
}

/** When readers are to be asked for again, or have waited too long. */
export function readsWakeAt({ role, reads, settings }: ZabState): Ticks | null {
  const served = role.type === "Following" && role.phase === "broadcast";
  const [asked] = reads.asked;
  if (served && asked !== undefined) return (asked.sentAt + settings.retransmitTicks) as Ticks;
  const [oldest] = reads.waiting;
  return served || oldest === undefined
    ? null
    : ((oldest.since + settings.readTicksMax + 1) as Ticks);
}

function waitingCount({ role, reads }: ZabState): number {
  const count = (list: readonly { readonly ids: readonly RequestId[] }[]): number =>
    list.reduce((sum, { ids }) => sum + Math.max(1, ids.length), 0);
  const leading = role.type === "Leading" ? count(role.reads) : 0;
  return leading + count(reads.waiting) + count(reads.asked);
}

const readable = (ids: readonly RequestId[], at: LogIndex): ZabEffect => ({
  type: "Readable",
  ids,
  at,
  validUntil: null,
});
