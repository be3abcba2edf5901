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
import { beat } from "./beats.ts";
import { adopt, follow } from "./order.ts";
import { type ChainState, type ChainStep, type Head, type Known, replaceAfter } from "./state.ts";

/** Group 0's word on who the head is, who is in step, and how long the head may act. */
export function onConfigure(
  state: ChainState,
  now: Now,
  office: Office,
  until: Ticks | null,
): ChainStep {
  const known = state.office?.version ?? 0;
  // A later epoch than group 0 has told of here can have been heard from its head; an earlier one is old news.
  if (office.version < known || office.epoch < state.term) return [state, NO_EFFECTS];
  const told = { ...state, office, until };
  if (office.primary !== state.self) {
    const stays = state.role.type === "Member" && office.epoch === state.term;
    return stays ? [told, NO_EFFECTS] : follow(told, office.epoch, null, now.ticks);
  }
  if (state.role.type === "Head" && office.epoch === state.term) {
    const { handOver } = state.role;
    const next: Head = {
      ...state.role,
      // The office is this replica's still: what it gave away was refused, or came back.
      handOver: office.version > known && handOver?.resigned === true ? null : handOver,
    };
    // Who has come in step is let answer readers at once.
    const heard: ChainState = { ...told, role: next };
    return office.version > known ? beat(heard, now.ticks) : [heard, NO_EFFECTS];
  }
  return takeOffice(told, now, office);
}

/** A replica that cannot serve gives the office back; one that may have acted in this epoch before it crashed asks for a new one. */
function takeOffice(state: ChainState, now: Now, office: Office): ChainStep {
  if (state.repairing || state.fork !== null || state.installing !== null)
    return ask(state, office.version, { type: "resign", to: null });
  const acted = office.epoch === state.bornIn;
  if (acted && state.settings.rules.newEpochInNewLife)
    return ask(state, office.version, { type: "resign", to: state.self });
  const [adopted, effects] = follow(state, office.epoch, null, now.ticks);
  const base = (adopted.log.lastIndex + 1) as LogIndex;
  const role: Head = {
    type: "Head",
    base,
    known: PerMember.of(othersOf(state), () => unknown(now.ticks)),
    joining: null,
    heartbeatAt: now.ticks,
    waited: 0,
    petitioned: null,
    handOver: null,
  };
  const noop = {
    index: base,
    epoch: office.epoch,
    kind: "noop",
    command: new Uint8Array(0),
  } as const;
  // How long it may act was said with the epoch. Its log is the head's, whatever it is.
  const begun: ChainState = {
    ...adopted,
    role,
    until: state.until,
    verified: adopted.log.lastIndex,
  };
  return andThen([begun, effects], (s) =>
    andThen(replaceAfter(s, now.ticks, s.log.last, [noop]), (head) =>
      beat(
        adopt(
          { ...head, verified: base },
          { number: 1, order: rotated(office.inSync, state.self), floor: base },
          now.ticks,
        ),
        now.ticks,
      ),
    ),
  );
}

/** From its head on, and around: where the head has died its successor's chain ends with it, and nobody else has another neighbour. */
function rotated(inSync: readonly NodeId[], head: NodeId): readonly NodeId[] {
  const at = inSync.indexOf(head);
  return [head, ...inSync.slice(at + 1), ...inSync.slice(0, Math.max(0, at))];
}

/** Until it is heard whoever was head before may just have let it answer readers. */
const unknown = (now: Ticks): Known => ({
  heardAt: now,
  unanswered: 0,
  at: null,
  leasedAt: now,
  number: 0,
  held: 0 as LogIndex,
  commit: 0 as LogIndex,
  memory: "whole",
});

const ask = (state: ChainState, version: number, petition: Petition): ChainStep => [
  state,
  [{ type: "Petition", petition, version }],
];

/** How many more must be in step before a write may be taken, or acknowledged: too few disks hold it until then (card 2, minimum in sync). */
export const inSyncLacking = (state: ChainState): number => {
  const needed = Math.min(state.settings.inSyncMin, configOf(state).voters.length);
  return Math.max(0, needed - (state.office?.inSync.length ?? 0));
};

/** The sets that may be in step, as far as this head knows: as group 0 said last, and as it was asked since. */
export function possibleInSync(
  { office }: ChainState,
  { petitioned }: Head,
): readonly (readonly NodeId[])[] {
  if (office === null) return [];
  const asked = petitioned?.version === office.version && petitioned.petition.type === "inSync";
  return asked ? [office.inSync, petitioned.petition.inSync] : [office.inSync];
}
