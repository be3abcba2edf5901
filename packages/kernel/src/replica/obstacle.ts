import { type Bytes, type GroupId, type NodeId, SYSTEM_GROUP } from "../core/index.ts";
import type { Groups } from "./groups.ts";
import { memberObstacle } from "./membership.ts";
import type { Obstacle } from "./proposals.ts";
import type { Space } from "./seam.ts";

/** Why the leader's node does not even propose a client's command, or null: the disk, a divergence, a member change. */
export function obstacleTo(
  groups: Groups,
  group: GroupId,
  kind: number,
  envelope: Bytes,
  space: Space,
  isUp: (member: NodeId) => boolean,
): Obstacle | null {
  const replica = groups.get(group);
  if (replica === null) return null;
  if (replica.deviation.readOnly)
    return { type: "Refused", status: 15, message: "etcdserver: corrupt cluster" };
  if (group === SYSTEM_GROUP)
    return memberObstacle(
      kind,
      envelope,
      groups.system,
      replica,
      [...groups].filter((other) => !groups.isFixed(other.group)).map(({ state }) => state),
      isUp,
    );
  if (space === "ample" || (space === "low" && replica.profile.withoutRoom.has(kind))) return null;
  return { type: "NoSpace" };
}
