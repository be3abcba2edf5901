import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, startQuorate } from "./clusters.ts";
import { ask, cpuMicros } from "./processes.ts";
import { markdown, rounded } from "./table.ts";

const GROUPS = 1000;
const SETTLE_MILLIS = 10_000;
const WATCH_MILLIS = 20_000;

/** CPU of idle nodes, with one group and with a thousand: sleeping groups should cost nothing. */
export async function idleGroups(): Promise<{ readonly text: string; readonly data: unknown }> {
  const cluster = await startQuorate(26_700);
  try {
    const few = await idle(cluster);
    const since = performance.now();
    const [member] = cluster.members;
    if (member !== undefined) await ask(member, `create ${GROUPS}`, /^created$/);
    const created = (performance.now() - since) / 1000;
    const many = await idle(cluster);
    const data = { few, many, created };
    const rows = [
      ["1", few.map((p) => `${rounded(p)} %`).join(" ")],
      [String(GROUPS), many.map((p) => `${rounded(p)} %`).join(" ")],
    ];
    return {
      text: `${markdown(["groups", "CPU of each node"], rows)}\n\n${GROUPS} keyspaces created in ${rounded(created)} s`,
      data,
    };
  } finally {
    await cluster.stop();
  }
}

async function idle(cluster: Cluster): Promise<readonly number[]> {
  await sleep(SETTLE_MILLIS);
  const before = cluster.members.map(cpuMicros);
  await sleep(WATCH_MILLIS);
  return cluster.members.map(
    (member, i) => (cpuMicros(member) - (before[i] ?? 0)) / (WATCH_MILLIS * 10),
  );
}
