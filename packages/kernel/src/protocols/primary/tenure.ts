import {
  andThen,
  configOf,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Office,
  othersOf,
  PerMember,
  type Petition,
  type Ticks,
} from "../../core/index.ts";
import {
  follow,
  type Primary,
  type PrimaryState,
  type PrimaryStep,
  type Progress,
  replaceAfter,
} from "./state.ts";

/** Group 0's word on who the primary is, who is in step, and how long the primary may act. */
export function onConfigure(
  state: PrimaryState,
  now: Now,
  office: Office,
  until: Ticks | null,
): PrimaryStep {
  const known = state.office?.version ?? 0;
  // A later epoch than group 0 has told of here can have been heard from its primary; an earlier one is old news.
  if (office.version < known || office.epoch < state.term) return [state, NO_EFFECTS];
  const told = { ...state, office, until };
  if (office.primary !== state.self) {
    const stays = state.role.type === "Secondary" && office.epoch === state.term;
    return stays ? [told, NO_EFFECTS] : follow(told, office.epoch, null, now.ticks);
  }
  if (state.role.type === "Primary" && office.epoch === state.term) {
    const { handOver } = state.role;
    const next: Primary = {
      ...state.role,
      // The office is this replica's still: what it gave away was refused, or came back.
      handOver: office.version > known && handOver?.resigned === true ? null : handOver,
    };
    return [{ ...told, role: next }, NO_EFFECTS];
  }
  return takeOffice(told, now, office);
}

/** A replica that cannot serve gives the office back; one that may have acted in this epoch before it crashed asks for a new one. */
function takeOffice(state: PrimaryState, now: Now, office: Office): PrimaryStep {
  if (state.repairing || state.fork !== null || state.installing !== null)
    return ask(state, office.version, { type: "resign", to: null });
  const acted = office.epoch === state.bornIn;
  if (acted && state.settings.rules.newEpochInNewLife)
    return ask(state, office.version, { type: "resign", to: state.self });
  const [adopted, effects] = follow(state, office.epoch, null, now.ticks);
  const base = (adopted.log.lastIndex + 1) as LogIndex;
  const role: Primary = {
    type: "Primary",
    base,
    progress: PerMember.of(othersOf(state), () => probing(adopted.log.lastIndex, now.ticks)),
    heartbeatAt: now.ticks,
    waitingSince: now.ticks,
    petitioned: null,
    handOver: null,
  };
  const noop = {
    index: base,
    epoch: office.epoch,
    kind: "noop",
    command: new Uint8Array(0),
  } as const;
  // How long it may act was said with the epoch.
  return andThen([{ ...adopted, role, until: state.until }, effects], (s: PrimaryState) =>
    replaceAfter(s, now.ticks, s.log.last, [noop]),
  );
}

const ask = (state: PrimaryState, version: number, petition: Petition): PrimaryStep => [
  state,
  [{ type: "Petition", petition, version }],
];

export const probing = (lastIndex: LogIndex, now: Ticks): Progress => ({
  match: 0 as LogIndex,
  next: (lastIndex + 1) as LogIndex,
  mode: "probe",
  inflight: 0,
  sentAt: now,
  heardAt: now,
  told: 0 as LogIndex,
});

/** How many more must be in step before a write may be taken, or acknowledged: too few disks hold it until then (card 2, minimum in sync). */
export const inSyncLacking = (state: PrimaryState): number => {
  const needed = Math.min(state.settings.inSyncMin, configOf(state).voters.length);
  return Math.max(0, needed - (state.office?.inSync.length ?? 0));
};

/**
 * The sets that may be in step, as far as this primary knows: as group 0 said last, and as it was asked since. A write is acknowledged by
 * the rule of each, for whoever is appointed next is chosen by the one that is in force, heard of or not.
 */
export function possibleInSync(
  { office, settings }: PrimaryState,
  { petitioned }: Primary,
): readonly (readonly NodeId[])[] {
  if (office === null) return [];
  const asked =
    settings.rules.growFirst &&
    petitioned?.version === office.version &&
    petitioned.petition.type === "inSync";
  return asked ? [office.inSync, petitioned.petition.inSync] : [office.inSync];
}
