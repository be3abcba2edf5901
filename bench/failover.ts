import { leaderOf, put } from "./api.ts";
import { type Cluster, startEtcd, startQuorate } from "./clusters.ts";
import { markdown, summary, withSpread } from "./table.ts";

const KILLS = 5;
const GIVE_UP_MILLIS = 20_000;

/** How long after kill -9 of the leader the first write succeeds at a surviving member; each attempt has half a second. */
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

async function firstWrite(client: string, i: number): Promise<number> {
  const since = performance.now();
  while (performance.now() - since < GIVE_UP_MILLIS) {
    const attempt = put(client, "first", String(i)).then(
      () => true,
      () => false,
    );
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 500).unref());
    if (await Promise.race([attempt, late])) return performance.now() - since;
  }
  throw new Error(`no write within ${GIVE_UP_MILLIS} ms`);
}
