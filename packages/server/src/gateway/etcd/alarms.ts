import type { KeyspaceId } from "@quorate/kernel/core";
import type { NodePort } from "../../host/index.ts";
import type { AlarmMember } from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";
import { machineOf } from "./header.ts";

export type Alarm = MessageOf<typeof AlarmMember>;

export const NOSPACE = 1;
export const CORRUPT = 2;

/**
 * The alarms as conditions: a member's disk is nearly full, the keyspace is over its quota here, the replica
 * here deviates. Departs from etcd: an alarm is not stored until it is disarmed, it ends with its cause.
 */
export function alarmsOf(port: NodePort, keyspace: KeyspaceId): readonly Alarm[] {
  const alarms: Alarm[] = [];
  const self = port.identity.node;
  const overQuota = machineOf(port, keyspace)?.overQuota ?? false;
  for (const { node, space } of port.status().members) {
    if (space !== "ample" || (node === self && overQuota))
      alarms.push({ memberID: node, alarm: NOSPACE });
  }
  const group = port.groupOf(keyspace);
  if (group?.recovered && !group.serving) alarms.push({ memberID: self, alarm: CORRUPT });
  return alarms.sort((a, b) =>
    a.memberID === b.memberID ? a.alarm - b.alarm : a.memberID < b.memberID ? -1 : 1,
  );
}
