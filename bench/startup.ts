import {
  base64,
  type Cluster,
  call,
  cpuMicros,
  residentMiB,
  startEtcd,
  startQuorate,
  stop,
  usingClusters,
} from "./clusters/index.ts";
import { figure, type Reading } from "./figures.ts";
import { connect, fill } from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";

const KEYS = 1_000_000;
const KEYS_QUICK = 100_000;
const VALUE_BYTES = 256;
const STARTS = 3;

interface Held {
  /** Of each start, until it has answered how many keys there are. */
  readonly seconds: readonly number[];
  /** CPU of each start, for a key. */
  readonly cpuMicros: readonly number[];
  readonly filledMiB: number;
  readonly startedMiB: readonly number[];
}

/** What a member alone holds in memory with a million keys of 256 bytes, and how long it takes to come back with them. */
export async function startup({ withPeer, quick }: RowOptions): Promise<RowResult> {
  const keys = quick ? KEYS_QUICK : KEYS;
  const held: Record<Cluster["kind"], Held | null> = { quorate: null, etcd: null };
  const starts = [
    () => startQuorate({ base: 26_340, nodes: 1 }),
    ...(withPeer ? [() => startEtcd({ base: 26_360, nodes: 1 })] : []),
  ];
  // One after the other: a disk that writes one's million keys would be the other's start.
  for (const start of starts) {
    await usingClusters([start], async ([cluster]) => {
      if (cluster !== undefined) held[cluster.kind] = await measure(cluster, keys);
    });
  }
  const readings = (
    pick: (one: Held) => readonly number[],
    cpu: (one: Held) => readonly number[] = () => [],
  ) => {
    const of = (one: Held | null): readonly Reading[] =>
      one === null
        ? []
        : pick(one).map((value, i) => {
            const cpuMicros = cpu(one)[i];
            return cpuMicros === undefined ? { value } : { value, cpuMicros };
          });
    return { quorate: of(held.quorate), beside: of(held.etcd), paired: false };
  };
  const what = `${keys} keys of ${VALUE_BYTES} B`;
  const figures = [
    figure({
      what: `Resident after ${what} were put`,
      unit: "MiB",
      ...readings(({ filledMiB }) => [filledMiB]),
      target: { ratioMax: 1.5 },
    }),
    figure({
      what: `Resident after a start with ${what}`,
      unit: "MiB",
      ...readings(({ startedMiB }) => startedMiB),
      target: { ratioMax: 1.5 },
    }),
    figure({
      what: `Start-up with ${what} (CPU: for a key)`,
      unit: "s",
      ...readings(
        ({ seconds }) => seconds,
        ({ cpuMicros }) => cpuMicros,
      ),
      target: { max: 5 },
    }),
  ];
  return { figures, text: "", data: { keys, held } };
}

async function measure(cluster: Cluster, keys: number): Promise<Held> {
  const url = cluster.clients[0] ?? "";
  const [client] = await connect([url], 1);
  if (client === undefined) throw new Error("no connection");
  await fill(client, keys, VALUE_BYTES);
  client.destroy();
  const memberOf = () => {
    const [member] = cluster.members;
    if (member === undefined) throw new Error("no member");
    return member;
  };
  const filledMiB = residentMiB(memberOf());
  const seconds: number[] = [];
  const cpu: number[] = [];
  const startedMiB: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    await stop(memberOf());
    const since = performance.now();
    await cluster.restart(0);
    const range = { key: base64("k"), range_end: base64("l"), count_only: true };
    const { count } = await call(url, "kv/range", range);
    seconds.push((performance.now() - since) / 1000);
    if (Number(count) !== keys) throw new Error(`${String(count)} of ${keys} keys came back`);
    cpu.push(cpuMicros(memberOf()) / keys);
    startedMiB.push(residentMiB(memberOf()));
    process.stderr.write(`  ${cluster.kind}: start ${i + 1} of ${STARTS}\n`);
  }
  return { seconds, cpuMicros: cpu, filledMiB, startedMiB };
}
