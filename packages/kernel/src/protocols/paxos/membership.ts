import {
  andThen,
  byId,
  configOf,
  encodeConfig,
  type GroupConfig,
  hasQuorum,
  type MemberChange,
  majority,
  NO_EFFECTS,
  type NodeId,
  type Now,
  othersOf,
  PerMember,
  PLACES,
  quorumValue,
  type RequestId,
  refuse,
  sendEarly,
  succeed,
  type Ticks,
} from "../../core/index.ts";
import { isTold, isToStay, lastProposable, placeIn } from "./configuration.ts";
import { firstProgress } from "./feed.ts";
import { acceptOwn, noop } from "./lead.ts";
import type { Prepare, Slot } from "./message.ts";
import {
  becomeFollower,
  isEstablished,
  type Leader,
  leaderOf,
  type PaxosEffect,
  type PaxosState,
  type PaxosStep,
  send,
} from "./state.ts";
import { bestHeir } from "./transfer.ts";

/**
 * Proposes other members, as the value of a slot i. Other learners count when i is chosen; other voters decide from slot i + alpha on,
 * whoever and however many they are: no slot is ever decided by two configurations, so they need not overlap. The answer comes
 * when the entry is proposed; that it is chosen shows in the configuration.
 */
export function onChangeMembers(
  state: PaxosState,
  now: Now,
  id: RequestId,
  change: MemberChange,
  epoch: number,
): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader" || !isEstablished(state, role))
    return [
      state,
      [refuse(id, { code: "NotLeader", definite: true, leaderHint: leaderOf(state) })],
    ];
  const current = configOf(state);
  const config = changed(current, change, epoch, (role.nextSlot + state.settings.alpha) as Slot);
  if (epoch === current.epoch && isSame(current, config))
    return [state, [{ type: "Settle", id, outcome: succeed(new Uint8Array(0)) }]];
  const obstacle = obstacleTo(state, role, now, config);
  if (obstacle !== null)
    return [
      state,
      [
        ...invitations(state, role, config),
        refuse(id, { code: "ChangeRefused", definite: true, message: obstacle }),
      ],
    ];
  const index = role.nextSlot;
  const entry = { index, epoch: 0, kind: "configuration", command: encodeConfig(config) } as const;
  const proposing: Leader = { ...role, change: { index, config } };
  return andThen(acceptOwn({ ...state, role: proposing }, proposing, now, [entry]), (s) => [
    s,
    [{ type: "Settle", id, outcome: succeed(new Uint8Array(0)) }],
  ]);
}

/**
 * The configuration that follows on this one. Who stays a voter keeps its place in ballots; who becomes one gets a place that nobody ever
 * had.
 */
function changed(
  current: GroupConfig,
  change: MemberChange,
  epoch: number,
  from: Slot,
): GroupConfig {
  const voters = [...change.voters].sort(byId);
  const learners = change.learners.filter((member) => !voters.includes(member)).sort(byId);
  if (sameMembers(current.voters, voters)) return { ...current, epoch, learners };
  let placesGiven = current.slots?.placesGiven ?? current.voters.length;
  const places = [...voters, ...current.voters].map(
    (voter) => placeIn(current, voter) ?? placesGiven++,
  );
  const slots = { from, places, placesGiven };
  return { epoch, voters, outgoing: current.voters, learners, slots };
}

/** Why this change may not begin now, or null. Every reason is definite: nothing was proposed. */
function obstacleTo(state: PaxosState, role: Leader, now: Now, config: GroupConfig): string | null {
  const { settings } = state;
  const current = configOf(state);
  const { voters, outgoing, epoch, slots } = config;
  if (voters.length === 0) return "a group needs a voter";
  if (epoch < current.epoch)
    return `a change of epoch ${epoch} comes after one of epoch ${current.epoch}`;
  // Each of two at once would give the slots between to others than the one before it had given them to.
  const under = current.outgoing !== null || role.change !== null || role.transfer !== null;
  if (under && settings.rules.oneChangeAtATime)
    return "another change is not in force yet; ask again when it is";
  if (role.nextSlot > lastProposable(state, role)) return "too much is undecided; ask again";
  if (outgoing === null) return null;
  if ((slots?.placesGiven ?? 0) > PLACES)
    return `this group has had ${PLACES} voters, and its ballots have no place for another: move its data to a new keyspace`;
  for (const voter of voters) {
    if (voter === state.self || isToStay(current, voter)) continue;
    if (!role.progress.has(voter)) return "etcdserver: can only promote a learner member";
    if (!isInStep(state, voter))
      return "etcdserver: can only promote a learner member which is in sync with leader";
  }
  const heardSince = now.ticks - settings.electionTicksMax;
  const isReachable = (voter: NodeId): boolean =>
    voter === state.self || (role.progress.get(voter)?.heardAt ?? 0) >= heardSince;
  if (voters.filter(isReachable).length < majority(voters.length))
    return "etcdserver: re-configuration failed due to not enough started members";
  return isPromised(role, config) || !settings.rules.promisedByIncoming
    ? null
    : "the voters to come are asked for their promise first; ask again";
}

/**
 * A majority of the voters to come has promised this ballot before they are proposed. Otherwise they could promise a lower one to
 * somebody who knows all that was chosen before their first slot from a snapshot, and so asks nobody else: it would have something
 * chosen there, and this leader, whose ballot is higher, something else. So of two leaders of which one needs voters that the other
 * had proposed, the later always has the higher ballot.
 */
const isPromised = ({ promised }: Leader, config: GroupConfig): boolean =>
  hasQuorum({ ...config, outgoing: null }, (member) => promised.includes(member));

/**
 * Phase 1a for the voters to come that have not promised this ballot yet. Before their first slot they decide nothing, so what they have
 * accepted there does not matter.
 */
function invitations(state: PaxosState, role: Leader, { voters }: GroupConfig): PaxosEffect[] {
  const { term: ballot } = state;
  const fromSlot = role.nextSlot;
  const message: Prepare = { type: "Prepare", ballot, fromSlot, takeOver: false };
  return voters
    .filter((voter) => role.progress.has(voter) && !role.promised.includes(voter))
    .map((voter) => send(state, voter, message));
}

/** Nearly all that is chosen is known there. */
export function isInStep({ role, log, settings }: PaxosState, member: NodeId): boolean {
  const progress = role.type === "Leader" ? role.progress.get(member) : undefined;
  if (progress === undefined || progress.mode !== "feed" || progress.silent) return false;
  return progress.decided + settings.inStepLagMax >= log.lastIndex;
}

/** Once per turn, after what was chosen is known: feeds the members there are now, brings a change into force, or leaves. */
export function continueChange(state: PaxosState, now: Now): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const next = followMembers(state, role, now.ticks);
  const { outgoing, voters, slots } = configOf(next);
  if (outgoing !== null) return fillWindow(next, now, slots?.from ?? (next.log.lastIndex as Slot));
  return voters.includes(next.self) ? [next, NO_EFFECTS] : retire(next, now);
}

function followMembers(state: PaxosState, role: Leader, now: Ticks): PaxosState {
  const others = othersOf(state);
  const chosen = role.change !== null && role.change.index <= state.commitIndex;
  const change = chosen ? null : role.change;
  if (others.join() === role.progress.members.join())
    return chosen ? { ...state, role: { ...role, change } } : state;
  const { progress } = role;
  const table = PerMember.of(others, (member) => progress.get(member) ?? firstProgress(null, now));
  return { ...state, role: { ...role, change, progress: table } };
}

/**
 * No-ops where nobody writes: the slots before `from` are chosen without waiting for clients. Until the voters to come know of themselves
 * there is one at a time, which tells them; the rest is left to clients.
 */
function fillWindow(state: PaxosState, now: Now, from: Slot): PaxosStep {
  const { role, commitIndex } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const end = isTold(state, role) ? from : Math.min(from, commitIndex + 2);
  const last = Math.min(end - 1, lastProposable(state, role));
  const noops = Array.from({ length: Math.max(0, last + 1 - role.nextSlot) }, (_, i) =>
    noop((role.nextSlot + i) as Slot),
  );
  return acceptOwn(state, role, now, noops);
}

/**
 * It is no voter any more: it leads until a majority of those that are know so, for whoever does not would have to ask the
 * voters of before, who may be gone; then it asks one of them to take over.
 */
function retire(state: PaxosState, now: Now): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const config = configOf(state);
  const known = quorumValue(config, (member) => role.progress.get(member)?.decided ?? 0);
  if (known < (config.slots?.from ?? 1) - 1) return [state, NO_EFFECTS];
  const heir = bestHeir(state, role);
  // Early: an invitation promises nothing, and phase 1 is the same for whoever accepts it.
  const invited: PaxosEffect[] =
    heir === null ? [] : [sendEarly(heir, { type: "TakeOver", ballot: state.term })];
  return [becomeFollower(state, now.ticks, null), invited];
}

const isSame = (current: GroupConfig, config: GroupConfig): boolean =>
  current.outgoing === null &&
  sameMembers(current.voters, config.voters) &&
  sameMembers(current.learners, config.learners);

const sameMembers = (some: readonly NodeId[], others: readonly NodeId[]): boolean =>
  some.length === others.length && some.every((member) => others.includes(member));
