import type { LogIndex, NodeId, Ticks } from "../ids.ts";
import { configOf } from "../log-protocol.ts";
import type { Office, Petition } from "../office.ts";
import type { Effect, Now, Step } from "../seam.ts";
import { andThen, NO_EFFECTS } from "../step.ts";
import type { Appointed } from "./appointed.ts";
import { replaceAfter } from "./log-writes.ts";
import { type AppointedState, type Leading, mayAct } from "./state.ts";

/** Group 0's word on who the leader is, who is in step, and how long the leader may act. */
export function onConfigure<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  office: Office,
  until: Ticks | null,
): Step<S, M> {
  const known = state.office?.version ?? 0;
  // A later epoch than group 0 has told of here can have been heard from its leader; an earlier one is old news.
  if (office.version < known || office.epoch < state.term) return [state, NO_EFFECTS];
  const told = { ...state, office, until };
  if (office.primary !== state.self) {
    const stays = state.role.type === "Follower" && office.epoch === state.term;
    return stays ? [told, NO_EFFECTS] : protocol.follow(told, office.epoch, null, now.ticks);
  }
  if (state.role.type === "Leader" && office.epoch === state.term) {
    const { handOver } = state.role;
    // The office is this replica's still: what it gave away was refused, or came back.
    const kept = office.version > known && handOver?.resigned === true ? null : handOver;
    const next = { ...told, role: { ...state.role, handOver: kept } };
    return office.version > known ? protocol.confirmed(next, now.ticks) : [next, NO_EFFECTS];
  }
  return takeOffice(protocol, told, now, office);
}

/** A replica that cannot serve gives the office back; one that may have acted in this epoch before it crashed asks for a new one. */
function takeOffice<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  office: Office,
): Step<S, M> {
  if (state.repairing || state.fork !== null || state.installing !== null)
    return [state, [asks(office.version, { type: "resign", to: null })]];
  const acted = office.epoch === state.bornIn;
  if (acted && state.settings.rules.newEpochInNewLife)
    return [state, [asks(office.version, { type: "resign", to: state.self })]];
  const base = (state.log.lastIndex + 1) as LogIndex;
  const first = {
    index: base,
    epoch: office.epoch,
    kind: "noop",
    command: new Uint8Array(0),
  } as const;
  const leading: Leading = {
    type: "Leader",
    base,
    heartbeatAt: now.ticks,
    petitioned: null,
    handOver: null,
  };
  // How long it may act was said with the epoch.
  let step = protocol.follow(state, office.epoch, null, now.ticks);
  step = andThen(step, (s) => [
    protocol.lead({ ...s, until: state.until }, leading, now.ticks),
    NO_EFFECTS,
  ]);
  step = andThen(step, (s) => replaceAfter(s, now.ticks, s.log.last, [first]));
  return andThen(step, (s) => protocol.led(s, now.ticks));
}

const asks = (version: number, petition: Petition): Effect<never> => ({
  type: "Petition",
  petition,
  version,
});

/** Asks group 0; of this version of the office nothing else is asked before it has answered. */
export function petition<S extends AppointedState>(
  state: S,
  role: Leading,
  at: Ticks,
  wish: Petition,
): readonly [S, readonly Effect<never>[]] {
  const version = state.office?.version ?? 0;
  return [
    { ...state, role: { ...role, petitioned: { version, at, petition: wish } } },
    [asks(version, wish)],
  ];
}

/**
 * One wish at a time; it is repeated until the office has changed, for better or worse: a wish that was lost would be waited for for ever,
 * and a second one beside it might be in force instead. Null: nothing is under way.
 */
export function petitionAgain<S extends AppointedState>(
  state: S,
  role: Leading,
  now: Ticks,
): readonly [S, readonly Effect<never>[]] | null {
  const { petitioned } = role;
  if (petitioned === null || petitioned.version !== state.office?.version) return null;
  return now - petitioned.at < state.settings.retransmitTicks
    ? [state, NO_EFFECTS]
    : petition(state, role, now, petitioned.petition);
}

/**
 * The sets that may be in step, as far as this leader knows: as group 0 said last, and as it was asked since. A write is acknowledged by
 * the rule of each, for whoever is appointed next is chosen by the one that is in force, heard of or not.
 */
export function possibleInSync(
  { office }: AppointedState,
  { petitioned }: Leading,
): readonly (readonly NodeId[])[] {
  if (office === null) return [];
  const asked = petitioned?.version === office.version && petitioned.petition.type === "inSync";
  return asked ? [office.inSync, petitioned.petition.inSync] : [office.inSync];
}

/** In step as they are, with these: in the order of the group's members. */
export const inSyncWith = (state: AppointedState, more: readonly NodeId[]): readonly NodeId[] =>
  configOf(state).voters.filter(
    (member) =>
      member === state.self ||
      more.includes(member) ||
      state.office?.inSync.includes(member) === true,
  );

/** So many must be in step before a write may be taken, or acknowledged. */
export const neededInSync = (state: AppointedState): number =>
  Math.min(state.settings.inSyncMin, configOf(state).voters.length);

/**
 * Are there enough without these, or others who may join in their place (`near`)? Else nothing is won by declaring them out of step: writes
 * would wait as they do, and one disk be left with what was acknowledged (cf. KIP-966).
 */
export function isEnoughWithout(
  state: AppointedState,
  missing: readonly NodeId[],
  near: readonly NodeId[],
): boolean {
  const inSync = state.office?.inSync ?? [];
  const left = inSync.filter((member) => !missing.includes(member));
  const others = near.filter((member) => !inSync.includes(member));
  return left.length + others.length >= neededInSync(state);
}

/** How many more must be: too few disks hold it until then (card 2, minimum in sync). */
export const inSyncLacking = (state: AppointedState): number =>
  Math.max(0, neededInSync(state) - (state.office?.inSync.length ?? 0));

/** One who may not act any more keeps silent: the others are to miss it, and have another appointed. */
export const isOverdue = (state: AppointedState, now: Ticks): boolean =>
  state.until !== null && !mayAct(state, now);
