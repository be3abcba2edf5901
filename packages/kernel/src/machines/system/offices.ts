import type { GroupId, NodeId, Office, Petition } from "../../core/index.ts";
import type { SystemCommand } from "./codec.ts";
import type { SystemGroup, SystemState, Tenure } from "./state.ts";

/** How long one may ask to hold office, in milliseconds: a slip of the pen must not leave a group without a primary for a day. */
const TENURE_MILLIS_MAX = 60_000;

/** The office of a group that has just been made: one founder after the other gets the first of a new group. */
export const firstOffice = (group: GroupId, born: readonly NodeId[]): Office => ({
  epoch: 1,
  version: 1,
  primary: born[group % born.length] ?? null,
  inSync: born,
});

/** A node goes on for longer. `at`: log time. Null where that is not to be granted. */
export function renewed(
  state: SystemState,
  { node, start, serial, millis }: Extract<SystemCommand, { type: "renewTenure" }>,
  at: number,
): SystemState | null {
  if (!state.nodes.has(node) || millis < 1 || millis > TENURE_MILLIS_MAX) return null;
  const known = state.tenures.get(node);
  // One that was long under way must not look like news to the node, nor shorten what it has.
  if (known?.start === start && known.serial >= serial) return null;
  const tenure: Tenure = { until: Math.max(known?.until ?? 0, at + millis), start, serial };
  const tenures = new Map(state.tenures).set(node, tenure);
  return { ...state, tenures: new Map([...tenures].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Is nobody in this office who may still act? By log time, and so never too early (card 8, rule 2). */
export function isFree(
  { tenures }: Pick<SystemState, "tenures">,
  { primary }: Office,
  at: number,
): boolean {
  return primary === null || (tenures.get(primary)?.until ?? 0) < at;
}

/** `wait`: see `ReplicaRules.waitOutTenure`. Null where the office is another by now, or not free. */
export function appointed(
  state: SystemState,
  { group: id, version, primary, unclean }: Extract<SystemCommand, { type: "appoint" }>,
  at: number,
  wait: boolean,
): SystemState | null {
  const group = state.groups.get(id);
  const office = group?.office;
  if (group === undefined || office == null || office.version !== version) return null;
  if (wait && !isFree(state, office, at)) return null;
  if (!group.born.includes(primary)) return null;
  // What such a one lacks nobody may have acknowledged, but where the profile says that it may be lost (card 63).
  if (!office.inSync.includes(primary) && !unclean) return null;
  const inSync = unclean ? [primary] : office.inSync;
  return withOffice(state, group, {
    epoch: office.epoch + 1,
    version: version + 1,
    primary,
    inSync,
  });
}

/** What the primary asked for, where it asked of the office as it is. */
export function petitioned(
  state: SystemState,
  id: GroupId,
  version: number,
  petition: Petition,
): SystemState | null {
  const group = state.groups.get(id);
  const office = group?.office;
  if (group === undefined || office == null || office.version !== version) return null;
  if (petition.type === "resign") {
    const { to } = petition;
    if (to !== null && !office.inSync.includes(to)) return null;
    const epoch = office.epoch + (to === null ? 0 : 1);
    return withOffice(state, group, { ...office, epoch, version: version + 1, primary: to });
  }
  const inSync = group.born.filter((member) => petition.inSync.includes(member));
  if (office.primary === null || !inSync.includes(office.primary)) return null;
  return withOffice(state, group, { ...office, version: version + 1, inSync });
}

const withOffice = (state: SystemState, group: SystemGroup, office: Office): SystemState => ({
  ...state,
  groups: new Map(state.groups).set(group.group, { ...group, office }),
});
