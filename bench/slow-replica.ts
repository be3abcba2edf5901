import {
  type Cluster,
  idsOf,
  leaderOf,
  put,
  Relays,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { h2load, type Latency, latencyAt, PUT, STORED_KEY, STORED_VALUE } from "./load/index.ts";
import { PROFILES } from "./profiles.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, summary, withSpread } from "./table.ts";

const FIRST_PORT = 26_780;
/** Of one cluster: clients', peers', and those of the relays. */
const PORTS = 9;
/** One that waits for a majority, one for all, and one in which all stand in line. */
const QUICK_PROFILES = ["etcd", "primary-sync", "chain"];
const NODES = 3;
/** Each way: a round trip to the slow one takes 50 ms longer. */
const SLOW_MILLIS = 25;
/** Few enough that no queue is what is measured, on a slow link too. */
const PER_SECOND = 200;
const WARM_SECONDS = 1;

interface Taken {
  readonly profile: string;
  readonly healthy: readonly Latency[];
  readonly slow: readonly Latency[];
}

/** Latencies of puts at a fixed rate, of each profile with three members: all in reach, and, in turn, with one that is 50 ms away. */
export async function slowReplica({ quick }: RowOptions): Promise<RowResult> {
  const [rounds, seconds] = quick ? [1, 1] : [5, 5];
  const taken: Taken[] = [];
  for (const [i, profile] of (quick ? QUICK_PROFILES : PROFILES).entries()) {
    process.stderr.write(`  ${profile}\n`);
    const base = FIRST_PORT + i * PORTS;
    const at = (first: number, step: number): readonly number[] =>
      Array.from({ length: NODES }, (_, index) => first + step * index);
    const relays = await Relays.open(at(base + 2 * NODES, 1), at(base + 1, 2));
    try {
      const { reachedAt } = relays;
      const measured = await usingClusters(
        [() => startQuorate({ base, nodes: NODES, profile, reachedAt })],
        ([cluster]) => {
          if (cluster === undefined) throw new Error("no cluster");
          return measure(cluster, relays, rounds, seconds);
        },
      );
      taken.push({ profile, ...measured });
    } finally {
      relays.close();
    }
  }
  return { text: tableOf(taken), data: { slowMillis: SLOW_MILLIS, perSecond: PER_SECOND, taken } };
}

async function measure(
  cluster: Cluster,
  relays: Relays,
  rounds: number,
  seconds: number,
): Promise<Omit<Taken, "profile">> {
  await put(cluster.clients[0] ?? "", STORED_KEY, STORED_VALUE);
  await h2load(cluster, PUT, 100, 2 * WARM_SECONDS);
  const ids = await idsOf(cluster);
  const [healthy, slow]: [Latency[], Latency[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const isSlow of [false, true]) {
      // The last that does not lead: of a chain its tail, or the one before.
      const index = (await leaderOf(cluster)) === NODES - 1 ? NODES - 2 : NODES - 1;
      const node = ids[index];
      if (node === undefined) throw new RangeError(`no member ${index}`);
      relays.slow = isSlow ? { index, node, millis: SLOW_MILLIS } : null;
      // What lay on the way is not measured.
      await latencyAt(cluster, PER_SECOND, WARM_SECONDS, 1000 + round);
      (isSlow ? slow : healthy).push(await latencyAt(cluster, PER_SECOND, seconds, 1 + round));
    }
  }
  return { healthy, slow };
}

function tableOf(taken: readonly Taken[]): string {
  const header = [
    "profile",
    "p50 ms",
    "p99 ms",
    "one slow: p50 ms",
    "p99 ms",
    "not answered well, of all rounds",
  ];
  const of = (all: readonly Latency[], pick: (one: Latency) => number): string =>
    withSpread(summary(all.map(pick)));
  const rows = taken.map(({ profile, healthy, slow }) => [
    profile,
    of(healthy, ({ p50 }) => p50),
    of(healthy, ({ p99 }) => p99),
    of(slow, ({ p50 }) => p50),
    of(slow, ({ p99 }) => p99),
    String([...healthy, ...slow].reduce((sum, { lost }) => sum + lost, 0)),
  ]);
  return markdown(header, rows);
}
