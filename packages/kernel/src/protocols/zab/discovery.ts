import {
  andThen,
  configOf,
  hasQuorum,
  isVoter,
  type LogIndex,
  NO_EFFECTS,
  NO_POSITION,
  type NodeId,
  type Now,
  othersOf,
  PerMember,
  type PersistSeq,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { look, notificationOf, tellAll } from "./election.ts";
import type { AckEpoch, Appoint, Epoch, FollowerInfo, NewEpoch } from "./message.ts";
import { waitingReaders } from "./reads.ts";
import {
  accepting,
  credentialsOf,
  type Following,
  isAhead,
  isDurable,
  type Leading,
  markOf,
  type Progress,
  persistHardState,
  send,
  withProgress,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";
import { beginSynchronization, synchronise } from "./synchronization.ts";

/** Phase 1 at the prospective leader: waits for followers to report. */
export function lead(state: ZabState, now: Now): ZabStep {
  const next = discovering(
    state,
    now,
    PerMember.of(othersOf(state), () => absent(now.ticks)),
  );
  return andThen([next, tellAll(next, now)], (s) => chooseEpoch(s, now));
}

function discovering(state: ZabState, now: Now, followers: PerMember<Progress>): ZabState {
  const { initLimitTicks, pingTicks } = state.settings;
  const role: Leading = {
    type: "Leading",
    phase: "discovery",
    epoch: null,
    epochSeq: 0 as PersistSeq,
    newLeaderSeq: Number.MAX_SAFE_INTEGER as PersistSeq,
    initialLast: state.log.lastIndex,
    followers,
    giveUpAt: (now.ticks + initLimitTicks) as Ticks,
    pingAt: (now.ticks + pingTicks) as Ticks,
    round: 0,
    confirm: false,
    reads: [],
    transfer: null,
  };
  return { ...state, role, reads: waitingReaders(state) };
}

/**
 * A leader begins another epoch, without an election: its counter is at the end, a follower has promised a later epoch to
 * somebody, or one that was rebuilt can count only in a later one. What it has proposed stays in its history.
 */
export function restartEpoch(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Leading" || role.epoch === null) return [state, NO_EFFECTS];
  const followers = role.followers.map(({ repairMark, acceptedEpoch }) => ({
    ...absent(now.ticks),
    repairMark,
    acceptedEpoch,
  }));
  const message: Appoint = { type: "Appoint", epoch: role.epoch, leader: state.self };
  const next = discovering(state, now, followers);
  // Early: whom to report to is a hint.
  const calls = othersOf(state).map((peer) => sendEarly(peer, message));
  return andThen([next, calls], (s) => chooseEpoch(s, now));
}

/** Phase 1 at a follower: reports, and reports again until it is answered. */
export function follow(state: ZabState, now: Now, leader: NodeId): ZabStep {
  const { initLimitTicks, notifyTicks } = state.settings;
  const role: Following = {
    type: "Following",
    leader,
    phase: "discovery",
    reportAt: (now.ticks + notifyTicks) as Ticks,
    giveUpAt: (now.ticks + initLimitTicks) as Ticks,
    heardAt: now.ticks,
    toldCommit: 0 as LogIndex,
    restores: false,
  };
  return [{ ...state, role, reads: waitingReaders(state) }, [report(state, leader)]];
}

export function report(state: ZabState, leader: NodeId): ZabEffect {
  const message: FollowerInfo = {
    type: "FollowerInfo",
    acceptedEpoch: state.acceptedEpoch,
    repairMark: markOf(state),
  };
  // Early: it promises nothing, and an epoch that a crash takes back is only avoided for nothing.
  return sendEarly(leader, message);
}

export function onFollowerInfo(state: ZabState, now: Now, from: NodeId, m: FollowerInfo): ZabStep {
  const { role } = state;
  if (role.type === "Looking") return [state, NO_EFFECTS];
  // Early: a hint, so that it need not wait in vain.
  if (role.type === "Following") return [state, [sendEarly(from, notificationOf(state, now))]];
  const known = role.followers.get(from);
  if (known === undefined) return [state, NO_EFFECTS];
  const progress: Progress = {
    ...absent(now.ticks),
    stage: "reported",
    acceptedEpoch: m.acceptedEpoch,
    repairMark: m.repairMark,
    markWhenChosen: known.markWhenChosen,
  };
  const next = withProgress(state, from, progress);
  if (role.epoch === null) return chooseEpoch(next, now);
  return m.acceptedEpoch > role.epoch ? restartEpoch(next, now) : tellEpoch(next, from);
}

/** A majority has reported: the epoch is above all that any of them accepted, and our own promise of it is written first. */
function chooseEpoch(state: ZabState, now: Now): ZabStep {
  const { role, self } = state;
  if (role.type !== "Leading" || role.epoch !== null) return [state, NO_EFFECTS];
  const { followers } = role;
  const reported = (member: NodeId): boolean => {
    if (member === self) return true;
    const progress = followers.get(member);
    return progress !== undefined && progress.stage === "reported" && progress.repairMark === 0;
  };
  if (!hasQuorum(configOf(state), reported)) return [state, NO_EFFECTS];
  const highest = Math.max(
    state.acceptedEpoch,
    ...followers.values.map(({ acceptedEpoch }) => acceptedEpoch),
  );
  const epoch = (highest + 1) as Epoch;
  return andThen(persistHardState(accepting(state, epoch, self), now.ticks), (s) => {
    const marked = followers.map((p) => ({ ...p, markWhenChosen: p.repairMark }));
    const chosen: ZabState = {
      ...s,
      role: { ...role, epoch, epochSeq: s.persisted, followers: marked },
    };
    let step: ZabStep = [chosen, NO_EFFECTS];
    for (const peer of marked.members) {
      if (marked.get(peer)?.stage === "reported") step = andThen(step, (c) => tellEpoch(c, peer));
    }
    return andThen(step, (c) => discovered(c, now));
  });
}

export function tellEpoch(state: ZabState, peer: NodeId): ZabStep {
  const { role } = state;
  const progress = role.type === "Leading" ? role.followers.get(peer) : undefined;
  if (role.type !== "Leading" || role.epoch === null || progress === undefined)
    return [state, NO_EFFECTS];
  const message: NewEpoch = {
    type: "NewEpoch",
    epoch: role.epoch,
    chosenAfter: progress.markWhenChosen,
  };
  // Not early: after a crash this leader must choose a later epoch, or two lives of it would share one.
  return [withProgress(state, peer, { ...progress, stage: "told" }), [send(state, peer, message)]];
}

/**
 * Promises the epoch: from here on nothing of an earlier one is acknowledged. Promised already to another leader, it is
 * taken note of without counting: that leader may have a majority with our word, this one without it.
 */
export function onNewEpoch(state: ZabState, now: Now, from: NodeId, m: NewEpoch): ZabStep {
  const { role } = state;
  if (role.type !== "Following" || role.leader !== from) return [state, NO_EFFECTS];
  const { acceptedEpoch, acceptedFrom, settings } = state;
  // It was chosen before our report came, or by a leader of old: the report of our epoch makes it choose again.
  if (m.epoch < acceptedEpoch) return [state, NO_EFFECTS];
  const isNew = m.epoch > acceptedEpoch;
  const counts =
    !state.repairing && (isNew || acceptedFrom === from || !settings.rules.promiseEpochOnce);
  const joins = isNew || role.phase === "discovery";
  const restores = m.chosenAfter === markOf(state) || !settings.rules.repairedByLaterEpoch;
  const joined: Following = {
    ...role,
    phase: joins ? "synchronization" : role.phase,
    heardAt: now.ticks,
    toldCommit: isNew ? (0 as LogIndex) : role.toldCommit,
    restores: restores || (!joins && role.restores),
  };
  const next: ZabState = { ...state, role: joined };
  const accepted: ZabStep = isNew
    ? persistHardState(accepting(next, m.epoch, from), now.ticks)
    : [next, NO_EFFECTS];
  const reply: AckEpoch = {
    type: "AckEpoch",
    epoch: m.epoch,
    ...credentialsOf(state),
    counts,
  };
  // Not early: this is the promise, and the history that it tells of must not shrink.
  return andThen(accepted, (s) => [s, [send(s, from, reply)]]);
}

export function onAckEpoch(state: ZabState, now: Now, from: NodeId, m: AckEpoch): ZabStep {
  const { role } = state;
  if (role.type !== "Leading" || m.epoch !== role.epoch) return [state, NO_EFFECTS];
  const progress = role.followers.get(from);
  if (progress?.stage !== "told") return [state, NO_EFFECTS];
  const { currentEpoch, last, counts } = m;
  const promised: Progress = {
    ...progress,
    stage: "promised",
    promiseCounts: counts,
    last,
    heardAt: now.ticks,
  };
  const next = withProgress(state, from, promised);
  if (role.phase !== "discovery") return synchronise(next, now, from, last);
  // Its history may hold what was committed and ours lacks: whoever has it must lead.
  const ahead =
    counts &&
    isVoter(configOf(state), from) &&
    isAhead({ currentEpoch, last }, credentialsOf(state));
  const { rules, settleTicks } = state.settings;
  if (ahead && rules.giveUpWhenFollowerAhead) return look(next, now, now.ticks + settleTicks);
  return discovered(next, now);
}

/** A majority has promised the epoch, this replica's own disk included: nobody else can lead it or an earlier one any more. */
export function discovered(state: ZabState, now: Now): ZabStep {
  const { role, self } = state;
  if (role.type !== "Leading" || role.epoch === null || role.phase !== "discovery")
    return [state, NO_EFFECTS];
  const promised = (member: NodeId): boolean => {
    if (member === self) return isDurable(state, role.epochSeq);
    const progress = role.followers.get(member);
    return progress?.stage === "promised" && progress.promiseCounts;
  };
  return hasQuorum(configOf(state), promised)
    ? beginSynchronization(state, now)
    : [state, NO_EFFECTS];
}

/** A follower of which nothing is known in this epoch. */
export const absent = (at: Ticks): Progress => ({
  stage: "absent",
  acceptedEpoch: 0 as Epoch,
  repairMark: 0,
  markWhenChosen: 0,
  promiseCounts: false,
  last: NO_POSITION,
  mode: "stream",
  truncate: null,
  matchIndex: 0 as LogIndex,
  nextIndex: 1 as LogIndex,
  joinAt: NO_POSITION,
  inflight: [],
  inflightBytes: 0,
  waitingSince: at,
  newLeaderSent: false,
  upToDateSent: false,
  toldCommit: 0 as LogIndex,
  round: 0,
  heardAt: at,
});
