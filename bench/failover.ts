import { setTimeout as sleep } from "node:timers/promises";
import { leaderOf, put } from "./api.ts";
import { type Cluster, startEtcd, startQuorate } from "./clusters.ts";
import { markdown, summary, withSpread } from "./table.ts";

const KILLS = 5;
const ATTEMPT_MILLIS = 20;
const GIVE_UP_MILLIS = 20_000;

/** How long after kill -9 of the leader the first write succeeds at a surviving member, to the grain of the attempts. */
export async function failover(
  withPeer: boolean,
): Promise<{ readonly text: string; readonly data: unknown }> {
  const data: Record<string, readonly number[]> = {
    quorate: await kills(await startQuorate(26_300)),
  };
  if (withPeer) data["etcd"] = await kills(await startEtcd(26_400));
  const rows = Object.entries(data).map(([kind, millis]) => [
    kind,
    String(millis.length),
    withSpread(summary(millis)),
    millis.map((m) => m.toFixed(0)).join(" "),
  ]);
  return { text: markdown(["", "kills", "median ms", "each"], rows), data };
}

async function kills(cluster: Cluster): Promise<readonly number[]> {
  const millis: number[] = [];
  try {
    for (let i = 0; i < KILLS; i++) {
      const leader = await leaderOf(cluster);
      const survivor = cluster.clients[(leader + 1) % cluster.clients.length] ?? "";
      await put(survivor, "before", String(i));
      await cluster.kill(leader);
      millis.push(await firstWrite(survivor, i));
      await cluster.restart(leader);
      await put(cluster.clients[leader] ?? "", "after", String(i));
    }
  } finally {
    await cluster.stop();
  }
  return millis;
}

/**
 * A new attempt begins every `ATTEMPT_MILLIS`, whatever became of those before: one that was sent to the dead leader waits for its
 * deadline, and would hide that the cluster serves writes again.
 */
async function firstWrite(client: string, i: number): Promise<number> {
  const since = performance.now();
  let succeeded = false;
  while (!succeeded && performance.now() - since < GIVE_UP_MILLIS) {
    void put(client, "first", String(i)).then(
      () => {
        succeeded = true;
      },
      () => {},
    );
    await sleep(ATTEMPT_MILLIS);
  }
  if (!succeeded) throw new Error(`no write within ${GIVE_UP_MILLIS} ms`);
  return performance.now() - since;
}
