import { setTimeout as sleep } from "node:timers/promises";
import {
  ask,
  type Cluster,
  cpuMicros,
  put,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { figure } from "./figures.ts";
import { countOf, type Done, doneBy, h2load, PUT, STORED_KEY, STORED_VALUE } from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { rounded } from "./table.ts";

const GROUPS = 1000;
const GROUPS_QUICK = 100;
const IN_FLIGHT = 100;

/**
 * What a thousand groups cost a node while they sleep, and what they cost one group among them that is busy. Two clusters, up
 * together and loaded in turn: one with the one group that every cluster has, one with a thousand more.
 */
export async function groups({ quick }: RowOptions): Promise<RowResult> {
  const count = quick ? GROUPS_QUICK : GROUPS;
  const [rounds, seconds] = quick ? [1, 1] : [5, 3];
  const [settleMillis, watchMillis] = quick ? [2000, 4000] : [10_000, 20_000];
  const starts = [() => startQuorate({ base: 26_380 }), () => startQuorate({ base: 26_400 })];
  return usingClusters(starts, async ([few, many]) => {
    if (few === undefined || many === undefined) throw new Error("no clusters");
    for (const { clients } of [few, many]) await put(clients[0] ?? "", STORED_KEY, STORED_VALUE);
    const created = await create(many, count);
    await sleep(settleMillis);
    const [idleFew, idleMany] = await Promise.all([
      idle(few, watchMillis),
      idle(many, watchMillis),
    ]);
    const load = (cluster: Cluster): Promise<Done> =>
      doneBy(cluster, countOf(cluster, PUT), () => h2load(cluster, PUT, IN_FLIGHT, seconds));
    const busy: { readonly few: Done; readonly many: Done }[] = [];
    for (const cluster of [few, many]) await load(cluster);
    for (let round = 0; round < rounds; round++) {
      busy.push({ few: await load(few), many: await load(many) });
      process.stderr.write(`  busy: round ${round + 1} of ${rounds}\n`);
    }
    const percent = (values: readonly number[]) => values.map((value) => ({ value }));
    const reading = ({ perSecond, cpuMicros: cpu }: Done) => ({ value: perSecond, cpuMicros: cpu });
    const figures = [
      figure({
        what: `Idle, ${count} groups, each of three nodes`,
        unit: "% of a core",
        quorate: percent(idleMany),
        beside: percent(idleFew),
        besideIs: "1 group",
        target: { max: 1 },
      }),
      figure({
        what: `Put, ${IN_FLIGHT} in flight, to one group among ${count}`,
        unit: "/s",
        quorate: busy.map((one) => reading(one.many)),
        beside: busy.map((one) => reading(one.few)),
        besideIs: "1 group",
        target: { ratioMin: 0.9 },
      }),
    ];
    const text = `${count} keyspaces created in ${rounded(created)} s`;
    return { figures, text, data: { count, created, idleFew, idleMany, busy } };
  });
}

async function create(cluster: Cluster, count: number): Promise<number> {
  const since = performance.now();
  const [member] = cluster.members;
  if (member !== undefined) await ask(member, `create ${count}`, /^created$/);
  return (performance.now() - since) / 1000;
}

/** Per cent of a core that each member uses while nobody asks anything. */
async function idle(cluster: Cluster, millis: number): Promise<readonly number[]> {
  const before = cluster.members.map(cpuMicros);
  await sleep(millis);
  return cluster.members.map((member, i) => (cpuMicros(member) - (before[i] ?? 0)) / (millis * 10));
}
