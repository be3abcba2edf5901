import {
  andThen,
  byId,
  configIndexOf,
  configOf,
  encodeConfig,
  type GroupConfig,
  isVoter,
  type MemberChange,
  majority,
  membersOf,
  NO_EFFECTS,
  type NodeId,
  type Now,
  PerMember,
  type RequestId,
  refuse,
  sendEarly,
  succeed,
  type Ticks,
} from "../../core/index.ts";
import { unknownProgress } from "./election.ts";
import { appendOwn } from "./log-writes.ts";
import {
  becomeFollower,
  type Leader,
  type RaftEffect,
  type RaftState,
  type RaftStep,
} from "./state.ts";

/**
 * Begins a change of members: one voter at a time as a plain entry (dissertation §4.1), more by joint consensus (§6). The answer
 * comes when the entry is appended; that it committed shows in the configuration.
 */
export function onChangeMembers(
  state: RaftState,
  now: Now,
  id: RequestId,
  change: MemberChange,
  epoch: number,
): RaftStep {
  if (state.role.type !== "Leader") {
    const leaderHint = state.role.type === "Follower" ? state.role.leader : null;
    return [state, [refuse(id, { code: "NotLeader", definite: true, leaderHint })]];
  }
  const current = configOf(state);
  if (epoch === current.epoch && isReached(current, change))
    return [state, [{ type: "Settle", id, outcome: succeed(new Uint8Array(0)) }]];
  const obstacle = obstacleTo(state, state.role, now, change, epoch);
  if (obstacle !== null)
    return [state, [refuse(id, { code: "ChangeRefused", definite: true, message: obstacle })]];

  const voters = [...change.voters].sort(byId);
  const learners = change.learners.filter((member) => !voters.includes(member)).sort(byId);
  const joint = difference(voters, current.voters) > 1;
  const next: GroupConfig = { epoch, voters, outgoing: joint ? current.voters : null, learners };
  return andThen(appendConfig(state, now, next), (s) => [
    s,
    [{ type: "Settle", id, outcome: succeed(new Uint8Array(0)) }],
  ]);
}

/** Why this change may not begin now, or null. Every reason is definite: nothing was appended. */
function obstacleTo(
  state: RaftState,
  role: Leader,
  now: Now,
  change: MemberChange,
  epoch: number,
): string | null {
  const current = configOf(state);
  if (change.voters.length === 0) return "a group needs a voter";
  // One epoch of group 0 may take several steps here: a voter enters as a learner first.
  if (epoch < current.epoch)
    return `a change of epoch ${epoch} comes after one of epoch ${current.epoch}`;
  if (current.outgoing !== null || configIndexOf(state) > state.commitIndex) {
    return "another change of members is not committed yet; ask again when it is";
  }
  // Without this, a leader of term 1 and one of term 3 can each commit a change to a different majority (RF-7).
  if (state.settings.rules.changeNeedsOwnTerm && state.commitIndex < role.termStart) {
    return "this leader has committed nothing in its term yet; ask again";
  }
  for (const member of change.voters) {
    if (isVoter(current, member) || member === state.self) continue;
    const progress = role.progress.get(member);
    if (progress === undefined) return "etcdserver: can only promote a learner member";
    if (
      progress.matchIndex + state.settings.promoteLagMax < state.log.lastIndex ||
      progress.mode !== "replicate"
    ) {
      return "etcdserver: can only promote a learner member which is in sync with leader";
    }
  }
  const heardSince = now.ticks - state.settings.electionTicksMax;
  const reachable = change.voters.filter(
    (member) => member === state.self || (role.progress.get(member)?.heardAt ?? 0) >= heardSince,
  );
  return reachable.length >= majority(change.voters.length)
    ? null
    : "etcdserver: re-configuration failed due to not enough started members";
}

/** A configuration entry committed: leaves the joint state; a leader that is no longer a voter retires. */
export function completeChange(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Leader" || configIndexOf(state) > state.commitIndex)
    return [state, NO_EFFECTS];
  const config = configOf(state);
  if (config.outgoing !== null) return appendConfig(state, now, { ...config, outgoing: null });
  return isVoter(config, state.self) ? [state, NO_EFFECTS] : retire(state, state.role, now);
}

/** Leads until its own removal is committed, then asks the most complete voter to take over (§6). */
function retire(state: RaftState, role: Leader, now: Now): RaftStep {
  const heir = bestHeir(state, role);
  // Early: an invitation promises nothing, and election rules hold for whoever accepts it.
  const effects: RaftEffect[] =
    heir === null ? [] : [sendEarly(heir, { type: "TimeoutNow", term: state.term })];
  return andThen([state, effects], (s) => becomeFollower(s, now.ticks, s.term, null));
}

export function bestHeir(state: RaftState, role: Leader): NodeId | null {
  let best: NodeId | null = null;
  for (const member of configOf(state).voters) {
    const progress = role.progress.get(member);
    if (progress === undefined || progress.mode === "snapshot") continue;
    if (best === null || progress.matchIndex > (role.progress.get(best)?.matchIndex ?? 0))
      best = member;
  }
  return best;
}

/** Appends the configuration, which is in force from now on, and follows its members. */
function appendConfig(state: RaftState, now: Now, config: GroupConfig): RaftStep {
  return andThen(
    appendOwn(state, now, [{ kind: "configuration", command: encodeConfig(config) }]),
    (s) => [followMembers(s, now.ticks), []],
  );
}

/** The leader's table of members is that of the newest configuration. */
export function followMembers(state: RaftState, now: Ticks): RaftState {
  if (state.role.type !== "Leader") return state;
  const { progress } = state.role;
  const members = membersOf(configOf(state)).filter((member) => member !== state.self);
  const next = PerMember.of(
    members,
    (member) => progress.get(member) ?? unknownProgress(state, now),
  );
  return { ...state, role: { ...state.role, progress: next } };
}

const isReached = (config: GroupConfig, change: MemberChange): boolean =>
  config.outgoing === null &&
  difference(config.voters, change.voters) === 0 &&
  difference(
    config.learners,
    change.learners.filter((m) => !change.voters.includes(m)),
  ) === 0;

/** How many members are in one list and not in the other. */
function difference(a: readonly NodeId[], b: readonly NodeId[]): number {
  return (
    a.filter((member) => !b.includes(member)).length +
    b.filter((member) => !a.includes(member)).length
  );
}
