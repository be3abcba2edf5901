import { base64, call } from "./api.ts";
import { type Cluster, startEtcd, startQuorate } from "./clusters.ts";
import { residentMiB, stop } from "./processes.ts";
import { markdown, rounded } from "./table.ts";

const KEYS = 1_000_000;
const KEYS_PER_TXN = 100;
const TXNS_IN_FLIGHT = 32;
const VALUE = "v".repeat(256);

/** How long a member takes to come back with a million keys of 256 bytes, and what it then holds in memory. */
export async function startup(
  withPeer: boolean,
): Promise<{ readonly text: string; readonly data: unknown }> {
  const rows = [await measure(await startQuorate(26_500, 1))];
  if (withPeer) rows.push(await measure(await startEtcd(26_600, 1)));
  const text = markdown(
    ["", "keys", "start-up s", "resident MiB before", "resident MiB after"],
    rows.map((row) => [
      row.kind,
      String(KEYS),
      rounded(row.seconds),
      rounded(row.before),
      rounded(row.after),
    ]),
  );
  return { text, data: rows };
}

async function measure(cluster: Cluster): Promise<{
  readonly kind: string;
  readonly seconds: number;
  readonly before: number;
  readonly after: number;
}> {
  try {
    const client = cluster.clients[0] ?? "";
    await fill(client);
    const member = cluster.members[0];
    if (member === undefined) throw new Error("no member");
    const before = residentMiB(member);
    await stop(member);
    const since = performance.now();
    await cluster.restart(0);
    const { count } = await call(client, "kv/range", {
      key: base64("k"),
      range_end: base64("l"),
      count_only: true,
    });
    const seconds = (performance.now() - since) / 1000;
    if (Number(count) !== KEYS) throw new Error(`${String(count)} of ${KEYS} keys came back`);
    return {
      kind: cluster.kind,
      seconds,
      before,
      after: residentMiB(cluster.members[0] ?? member),
    };
  } finally {
    await cluster.stop();
  }
}

async function fill(client: string): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < KEYS) {
      const from = next;
      next += KEYS_PER_TXN;
      const success = Array.from({ length: KEYS_PER_TXN }, (_, i) => ({
        request_put: {
          key: base64(`k${String(from + i).padStart(12, "0")}`),
          value: base64(VALUE),
        },
      }));
      await call(client, "kv/txn", { success });
    }
  };
  await Promise.all(Array.from({ length: TXNS_IN_FLIGHT }, worker));
}
