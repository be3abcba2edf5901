import type { GroupConfig, GroupId } from "@quorate/kernel/core";
import type { World } from "./world.ts";

/** Groups whose leader follows other members than group 0 names. */
export function straysIn(world: World): readonly string[] {
  const ids = world.memberIds();
  return [...leadersOf(world)].flatMap(([group, { voters, outgoing, learners }]) => {
    const has = new Set([...voters, ...learners]);
    const same = has.size === ids.size && [...ids].every((id) => has.has(id));
    return same && outgoing === null
      ? []
      : [`group ${group} has the members ${[...has].join()}, and the cluster ${[...ids].join()}`];
  });
}

/** The configuration that the newest leader of each group is in. */
function leadersOf({ nodes }: World): ReadonlyMap<GroupId, GroupConfig> {
  const terms = new Map<GroupId, number>();
  const configs = new Map<GroupId, GroupConfig>();
  for (const { kernel } of nodes) {
    for (const group of kernel?.groups ?? []) {
      const replica = kernel?.replica(group) ?? null;
      if (replica === null || !replica.isLeader) continue;
      if (replica.state.term <= (terms.get(group) ?? 0)) continue;
      terms.set(group, replica.state.term);
      configs.set(group, replica.config);
    }
  }
  return configs;
}
