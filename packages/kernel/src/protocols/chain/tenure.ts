import type { Leading } from "../../core/appointed/index.ts";
import {
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  othersOf,
  PerMember,
  type Ticks,
} from "../../core/index.ts";
import { beat } from "./beats.ts";
import { adopt } from "./order.ts";
import type { ChainState, ChainStep, Known } from "./state.ts";

/** Of a new epoch: its log is the head's, whatever it is. */
export const lead = (state: ChainState, leading: Leading, now: Ticks): ChainState => ({
  ...state,
  verified: state.log.lastIndex,
  role: {
    ...leading,
    known: PerMember.of(othersOf(state), () => unknown(now)),
    joining: null,
    waited: 0,
  },
});

/** Announces the epoch's first chain: those in step, from its head on. */
export function led(state: ChainState, now: Ticks): ChainStep {
  const { role, office, self } = state;
  if (role.type !== "Leader" || office === null) return [state, NO_EFFECTS];
  const chain = { number: 1, order: rotated(office.inSync, self), floor: role.base };
  return beat(adopt({ ...state, verified: role.base }, chain, now), now);
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

/** The head's log is what it says it is. */
export const appended = (state: ChainState): ChainState => ({
  ...state,
  verified: state.log.lastIndex,
});

/** Another with every epoch: were it always the successor, two that cannot serve would hand the office to each other for ever. */
export function heirOf({ term, self, office }: ChainState): NodeId | null {
  const others = office?.inSync.filter((member) => member !== self) ?? [];
  return others[term % others.length] ?? null;
}

/**
 * What is committed every member of the chain has on its disk that is in step and has lost nothing; others say in their answers to beats
 * how far they are.
 */
export function heldBy({ role, office, chain, commitIndex }: ChainState, at: LogIndex) {
  if (role.type !== "Leader") return [];
  return role.known.members.filter((member) => {
    const known = role.known.get(member);
    if (known === undefined || known.memory === "lost" || known.memory === "blank") return false;
    const placed = office?.inSync.includes(member) === true && chain?.order.includes(member);
    return (placed === true && commitIndex >= at) || known.held >= at;
  });
}
