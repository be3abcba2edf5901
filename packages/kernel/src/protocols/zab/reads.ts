import {
  answered,
  ask,
  askedNobody,
  awaiting,
  configOf,
  countReaders,
  dropOld,
  type FollowerReads,
  type LeaderRead,
  NO_EFFECTS,
  type NodeId,
  type Now,
  overloaded,
  quorumValue,
  type ReadLevel,
  type RequestId,
  readable,
  readersWakeAt,
  sendEarly,
  type Ticks,
  withoutLeader,
} from "../../core/index.ts";
import type { Ping, Pong, Sync, SyncReply } from "./message.ts";
import {
  type Leading,
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
  if (waitingCount(state) + ids.length > state.settings.readsMax)
    return [state, overloaded(ids, state.settings.pingTicks)];
  return [{ ...state, reads: awaiting(state.reads, ids, now.ticks) }, NO_EFFECTS];
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
  return [
    withRead(state, role, { ids: [], asker, readIndex: log.lastIndex, since: now.ticks }),
    [],
  ];
}

function withRead(state: ZabState, role: Leading, read: Omit<LeaderRead, "round">): ZabState {
  const { strictReads } = state.settings;
  const round = strictReads ? role.round + 1 : 0;
  const confirm = role.confirm || strictReads;
  return { ...state, role: { ...role, confirm, reads: [...role.reads, { ...read, round }] } };
}

export function onSyncReply(state: ZabState, m: SyncReply): ZabStep {
  const found = answered(state.reads, m.question);
  if (found === null) return [state, NO_EFFECTS];
  const [reads, ids] = found;
  return [{ ...state, reads }, [readable(ids, m.upTo)]];
}

/** At the end of a turn: a leader serves its own and those who asked, a follower asks for its own. */
export function serveReads(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type === "Looking" || role.phase !== "broadcast") return dropUnserved(state, now);
  return role.type === "Leading" ? serveAsLeader(state, now) : askLeader(state, role.leader, now);
}

function serveAsLeader(state: ZabState, now: Now): ZabStep {
  let next = state;
  for (const { ids, since } of state.reads.waiting) {
    if (next.role.type !== "Leading") break;
    next = withRead(next, next.role, { ids, asker: null, readIndex: state.commitIndex, since });
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
    if (state.commitIndex >= read.readIndex && read.round <= round)
      effects.push(answer(state, read));
    else if (read.since < limit) effects.push(...withoutLeader(read.ids));
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

function answer({ acceptedEpoch }: ZabState, { ids, asker, readIndex }: LeaderRead): ZabEffect {
  if (asker === null) return readable(ids, readIndex);
  const { member, question } = asker;
  const reply: SyncReply = { type: "SyncReply", epoch: acceptedEpoch, question, upTo: readIndex };
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
  const [{ reads }, dropped] = dropUnserved(state, now);
  const next = ask(reads, now.ticks, state.settings.retransmitTicks);
  if (next === null) return [{ ...state, reads }, dropped];
  const message: Sync = { type: "Sync", epoch: state.acceptedEpoch, question: next.questions };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

function dropUnserved(state: ZabState, now: Now): ZabStep {
  const [reads, dropped] = dropOld(state.reads, now.ticks, state.settings.readTicksMax);
  return reads === state.reads ? [state, NO_EFFECTS] : [{ ...state, reads }, dropped];
}

/** Readers of a role that ends go on waiting: the next leader serves them or is asked. */
export const waitingReaders = ({ reads, role }: ZabState): FollowerReads =>
  askedNobody(reads, role.type === "Leading" ? role.reads : []);

export const readsWakeAt = ({ role, reads, settings }: ZabState): Ticks | null =>
  readersWakeAt(reads, role.type === "Following" && role.phase === "broadcast", settings);

const waitingCount = ({ role, reads }: ZabState): number =>
  countReaders(reads, role.type === "Leading" ? role.reads : []);
