import { type NodeId, nodeId } from "@quorate/kernel/core";
import type { Cluster } from "./cluster.ts";

const ANSWER_MILLIS_MAX = 60_000;

/** The little of etcd's JSON gateway that both kinds of server speak (3.4 and later). */
export async function call(
  client: string,
  path: string,
  body: object,
  waitMillis = ANSWER_MILLIS_MAX,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${client}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(waitMillis),
  });
  if (!response.ok)
    throw new Error(`${client} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

export const put = (
  client: string,
  key: string,
  value: string,
  waitMillis?: number,
): Promise<Record<string, unknown>> =>
  call(client, "kv/put", { key: base64(key), value: base64(value) }, waitMillis);

/** The store's revision: what counts how many puts really happened. */
export async function revision(client: string): Promise<number> {
  const { header } = await call(client, "kv/range", { key: base64("none") });
  return Number((header as { revision: string }).revision);
}

/** Forgets what was overwritten. */
export async function compact(cluster: Cluster): Promise<void> {
  const client = cluster.clients[0] ?? "";
  await call(client, "kv/compaction", { revision: String(await revision(client)) });
}

/** Successful calls of a method so far, by the server's own counters, over all members. */
export async function handledOk(cluster: Cluster, method: string): Promise<number> {
  let sum = 0;
  for (const client of cluster.clients) {
    const signal = AbortSignal.timeout(ANSWER_MILLIS_MAX);
    const text = await (await fetch(`${client}/metrics`, { signal })).text();
    for (const line of text.split("\n")) {
      if (!line.startsWith("grpc_server_handled_total{")) continue;
      if (line.includes('grpc_code="OK"') && line.includes(`grpc_method="${method}"`))
        sum += Number(line.split(" ")[1]);
    }
  }
  return sum;
}

/** The ids of the members, in order. */
export function idsOf({ clients }: Cluster): Promise<readonly NodeId[]> {
  return Promise.all(
    clients.map(async (client) => {
      const { header } = await call(client, "maintenance/status", {});
      return nodeId(BigInt((header as { member_id: string }).member_id));
    }),
  );
}

/** How often and how long it is asked who leads, before nobody does. */
const ASK_AGAIN_MILLIS = 50;
const LEADER_MILLIS_MAX = 20_000;

/** Index of the member that leads; waits while nobody does. */
export async function leaderOf(cluster: Cluster): Promise<number> {
  const until = performance.now() + LEADER_MILLIS_MAX;
  while (performance.now() < until) {
    for (const [index, client] of cluster.clients.entries()) {
      const status = await call(client, "maintenance/status", {}).catch(() => null);
      const header = status?.["header"] as { member_id: string } | undefined;
      if (status !== null && header !== undefined && status["leader"] === header.member_id)
        return index;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MILLIS));
  }
  throw new Error("nobody leads");
}
