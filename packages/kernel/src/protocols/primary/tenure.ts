import type { Leading } from "../../core/appointed/index.ts";
import { readOnly } from "../../core/appointed/index.ts";
import {
  type Failure,
  type LogIndex,
  type NodeId,
  othersOf,
  PerMember,
  type Ticks,
} from "../../core/index.ts";
import { indispensable } from "./in-sync.ts";
import type { PrimaryState, Progress } from "./state.ts";

/** Of a new epoch: it knows nothing of its secondaries yet. */
export const lead = (state: PrimaryState, leading: Leading, now: Ticks): PrimaryState => ({
  ...state,
  role: {
    ...leading,
    progress: PerMember.of(othersOf(state), () => probing(state.log.lastIndex, now)),
    waitingSince: now,
    joining: [],
    beats: [state.log.lastIndex, state.log.lastIndex],
  },
});

const probing = (lastIndex: LogIndex, now: Ticks): Progress => ({
  match: 0 as LogIndex,
  next: (lastIndex + 1) as LogIndex,
  mode: "probe",
  inflight: 0,
  sentAt: now,
  heardAt: now,
  at: null,
  // Until it is heard whoever was primary before may just have let it answer readers.
  leasedAt: now,
  told: 0 as LogIndex,
  asked: 0 as LogIndex,
});

export const appended = (state: PrimaryState, now: Ticks): PrimaryState =>
  state.role.type === "Leader" && state.role.waitingSince === null
    ? { ...state, role: { ...state.role, waitingSince: now } }
    : state;

/**
 * A write that would wait in vain is not taken: where all are needed, or those that are missing are too many to be declared out of step.
 */
export function refusal(state: PrimaryState, now: Ticks): Failure | null {
  const missing = missed(state, now);
  if (missing !== null)
    return readOnly(
      `a write needs every replica, and ${missing} is missing; reads go on, writes when it is back`,
    );
  const needed = indispensable(state, now);
  if (needed.length === 0) return null;
  const names = needed.join(" and ");
  return readOnly(
    `without ${names} too few replicas would hold a write; reads go on, writes when enough are back`,
  );
}

function missed({ role, settings }: PrimaryState, now: Ticks): NodeId | null {
  const { acks, shrinkTicks, silenceTicks, retransmitTicks } = settings;
  if (role.type !== "Leader" || acks !== "all" || shrinkTicks !== null) return null;
  const { members, values } = role.progress;
  const at = values.findIndex(({ heardAt }) => now - heardAt > silenceTicks + retransmitTicks);
  return members[at] ?? null;
}

/**
 * One of those in step that are furthest; another with every epoch: were it always the first, two that cannot serve would hand the office
 * to each other for ever.
 */
export function heirOf({ term, role, office }: PrimaryState): NodeId | null {
  if (role.type !== "Leader" || office === null) return null;
  const members = role.progress.members.filter((member) => office.inSync.includes(member));
  const matchOf = (member: NodeId): number => role.progress.get(member)?.match ?? 0;
  const most = Math.max(...members.map(matchOf));
  const best = members.filter((member) => matchOf(member) === most);
  return best[term % best.length] ?? null;
}

/** By what each said in this epoch. */
export function heldBy({ role }: PrimaryState, at: LogIndex): readonly NodeId[] {
  if (role.type !== "Leader") return [];
  const { members, values } = role.progress;
  return members.filter((_, i) => (values[i]?.match ?? 0) >= at);
}

export const hasAll = ({ role, log }: PrimaryState, member: NodeId): boolean =>
  role.type === "Leader" && role.progress.get(member)?.match === log.lastIndex;
