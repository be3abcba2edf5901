import { MEMBERSHIP_FAULTS } from "../faults/index.ts";
import { straysIn } from "../world/members.ts";
import type { World } from "../world/world.ts";
import type { RunPlan } from "./plan.ts";

/** Within this time after all has healed every group has the members that the cluster has. */
const SETTLE_MILLIS = 30_000;
const LOOK_MILLIS = 200;

export const changesMembers = ({ episodes }: RunPlan): boolean =>
  episodes.some(({ fault }) => MEMBERSHIP_FAULTS.has(fault.type));

/** Waits until every group has the members that group 0 names; whoever was removed may then be switched off. */
export function settleMembers(world: World): readonly string[] {
  for (let left = SETTLE_MILLIS; left > 0 && straysIn(world).length > 0; left -= LOOK_MILLIS)
    world.run(LOOK_MILLIS);
  const found = straysIn(world);
  const ids = world.memberIds();
  for (const node of world.nodes) if (!ids.has(node.id)) node.retire();
  return found;
}
