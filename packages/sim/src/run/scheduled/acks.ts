import {
  DEFAULT_KEYSPACE,
  type KeyspaceId,
  keyspaceId,
  SYSTEM_KEYSPACE,
} from "@quorate/kernel/core";
import {
  ALL_OFFICE_RULES,
  ALL_REPLICA_RULES,
  DEFAULT_OPTIONS,
  encodeSystemCommand,
  type ReplicaRules,
} from "@quorate/kernel/replica";
import { Caller } from "../../workload/caller.ts";
import type { SimNode } from "../../world/sim-node.ts";
import { World } from "../../world/world.ts";
import type { Schedules } from "./schedule.ts";

/** A new primary is there by then, and whatever came of the old one's entries. */
const FAILOVER_MILLIS = 15_000;

/** Five nodes, and what an asynchronous primary says of its writes. */
class Asynchronous {
  readonly world: World;
  readonly caller: Caller;

  constructor(rules: Partial<ReplicaRules>, promoteByMajority = true) {
    const options = {
      ...DEFAULT_OPTIONS,
      defaultProfile: "primary-async",
      rules: { ...ALL_REPLICA_RULES, ...rules },
      officeRules: { ...ALL_OFFICE_RULES, promoteByMajority },
    };
    this.world = new World({ seed: 5n, nodes: 5, options }).boot();
    this.caller = new Caller(this.world, FAILOVER_MILLIS);
    this.primary(DEFAULT_KEYSPACE);
  }

  primary(keyspace: KeyspaceId): SimNode {
    this.world.until(() => this.world.leader(keyspace) !== null, FAILOVER_MILLIS);
    this.world.run(2000);
    const leader = this.world.leader(keyspace);
    if (leader === null) throw new RangeError("nobody was appointed");
    return leader;
  }

  /** A keyspace on three of the five. */
  trio(): KeyspaceId {
    const replicas = this.world.nodes.slice(0, 3).map(({ id }) => id);
    const { kind, body } = encodeSystemCommand({
      type: "createKeyspace",
      name: "trio",
      profile: "primary-async",
      fixed: true,
      office: true,
      replicas: replicas.sort((a, b) => (a < b ? -1 : 1)),
    });
    const [node] = this.world.nodes;
    if (node !== undefined) this.caller.request(node, kind, body, null, SYSTEM_KEYSPACE);
    return keyspaceId(2);
  }
}

/** The member that took the write asks the next primary, which has something else at that place. */
function askedOfTheNext(acksByEpoch: boolean): readonly string[] {
  const { world, caller } = new Asynchronous({ acksByEpoch });
  const old = world.leader();
  const taker = world.nodes.find((node) => node !== old);
  if (old === null || taker === undefined) return ["nobody was appointed"];
  const others = world.nodes.filter((node) => node !== old && node !== taker);
  let said = false;
  caller.put(old, "x", "before");
  world.run(1000);
  world.partition([old, taker], others);
  caller.start(taker, "x", "undone", "majority", (ok) => void (said = ok));
  world.run(500);
  old.crash(false);
  world.until(() => others.some((node) => node === world.leader()), FAILOVER_MILLIS);
  const [next] = others;
  if (next === undefined) return ["nobody was appointed"];
  for (const value of ["a", "b", "c"]) caller.putAt(next, "x", value, "majority");
  world.heal();
  world.run(FAILOVER_MILLIS);
  return said ? ["Acknowledged at majority, and undone: x = undone"] : [];
}

/** Of three replicas the two that hold a write die, and the third is up among five members. */
function leftBehind(promoteByMajority: boolean): readonly string[] {
  const cluster = new Asynchronous({}, promoteByMajority);
  const { world, caller } = cluster;
  const trio = cluster.trio();
  const old = cluster.primary(trio);
  const [holder, behind] = world.nodes.slice(0, 3).filter((node) => node !== old);
  if (holder === undefined || behind === undefined) return ["nobody was appointed"];
  world.partition([behind], [old, holder]);
  const answer = caller.putAt(old, "x", "held by two", "majority", trio);
  if (answer === "silence" || !answer.ok) return ["a majority did not hold it"];
  old.crash(false);
  holder.crash(false);
  world.heal();
  world.run(FAILOVER_MILLIS);
  old.boot();
  holder.boot();
  const seen = caller.get(cluster.primary(trio), "x", "readIndex", trio);
  return seen !== "silence" && "value" in seen && seen.value === null
    ? ["Acknowledged at majority, and undone: x = held by two"]
    : [];
}

/** A primary returns with what nobody else has, and its disk has no room to write that out. */
function undoneUnseen(exportBeforeUndo: boolean): readonly string[] {
  const { world, caller } = new Asynchronous({ exportBeforeUndo });
  const old = world.leader();
  if (old === null) return ["nobody was appointed"];
  const others = world.nodes.filter((node) => node !== old);
  caller.put(old, "x", "before");
  world.run(1000);
  world.partition([old], others);
  caller.put(old, "x", "lost");
  old.crash(false);
  old.disk.full = true;
  world.heal();
  world.until(() => others.some((node) => node === world.leader()), FAILOVER_MILLIS);
  old.boot();
  world.run(FAILOVER_MILLIS);
  const seen = caller.get(old, "x", "local");
  const isUndone = seen !== "silence" && "value" in seen && seen.value === "before";
  return isUndone && old.disk.exports.size === 0 ? ["Undone, and nobody can say what it was"] : [];
}

export const ACKS_SCHEDULES = {
  exportBeforeUndo: {
    why: "what clients of a run see is the same, whether or not what was lost is in a file",
    violations: undoneUnseen,
  },
  acksByEpoch: {
    why: "the member that took a write must outlive its primary, apply the write and be missed when the next is appointed",
    violations: askedOfTheNext,
  },
  officePromoteByMajority: {
    why: "members that appoint are a majority of those that hold a keyspace on all of them: it must be on a few",
    violations: leftBehind,
  },
} satisfies Schedules;
