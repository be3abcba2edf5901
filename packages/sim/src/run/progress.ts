import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { putRequest } from "../workload/etcd-requests.ts";
import type { SimCaller } from "../world/node-parts.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";

/** After the last fault an operation must succeed on every node within this time (card 32, check 6). */
const LIVENESS_MILLIS = 20_000;
const PATIENCE_MILLIS = 2000;

/**
 * The cluster must be whole again: on every member a read succeeds, then a write. Reads first, because they must not wait
 * for somebody to write.
 */
export function demandProgress(world: World): readonly string[] {
  const read = demand(world, "read", (node, caller) =>
    node.read(caller, DEFAULT_KEYSPACE, "readIndex", PATIENCE_MILLIS),
  );
  if (read.length > 0) return read;
  return demand(world, "write", (node, caller) => {
    const body = putRequest("progress", node.name);
    node.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, body, PATIENCE_MILLIS);
  });
}

/** Asks again and again until every member has answered once. */
function demand(
  world: World,
  what: string,
  ask: (node: SimNode, caller: SimCaller) => void,
): readonly string[] {
  const done = new Set<SimNode>();
  const since = world.agenda.now;
  let waiting: readonly SimNode[] = [];
  // Somebody may be on the way in or out: who is a member is asked again.
  const look = (): void => void (waiting = world.members().filter((node) => !done.has(node)));
  const answered = (node: SimNode): void => {
    done.add(node);
    look();
  };
  const attempt = (): void => {
    look();
    for (const node of waiting)
      ask(node, {
        onReply: ({ ok }) => (ok ? answered(node) : undefined),
        onReadable: () => answered(node),
      });
    if (waiting.length > 0 && world.agenda.now - since < LIVENESS_MILLIS * 1000)
      world.agenda.after(PATIENCE_MILLIS * 1000, attempt);
  };
  attempt();
  if (world.until(() => waiting.length === 0, LIVENESS_MILLIS)) return [];
  const names = waiting.map(({ name }) => name).join();
  return [`no ${what} succeeded within ${LIVENESS_MILLIS} ms after all healed, on ${names}`];
}
