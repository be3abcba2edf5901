import { type Cluster, compact, put, startQuorate, usingClusters } from "./clusters/index.ts";
import {
  type Cost,
  costBy,
  h2load,
  type Latency,
  latencyAt,
  PUT,
  STORED_KEY,
  STORED_VALUE,
} from "./load/index.ts";
import { PROFILES } from "./profiles.ts";
import { type Taken, tableOf } from "./protocols-table.ts";
import type { RowOptions, RowResult } from "./row.ts";

/** What stands beside each, in the same minutes. */
const REFERENCE = "etcd";
const SIZES = [3, 5];
const QUICK_SIZES = [3];
const IN_FLIGHT = [1, 100];
/** Ports of one cluster after the other: none waits for those of another to be free. */
const FIRST_PORT = 26_500;
const PORTS = 10;
/** Of what the closed loop did in the same round: where a queue is not yet what is measured. */
const OPEN_LOOP_SHARE = 0.5;

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
}

/** What one round of a load gave. */
interface Round {
  readonly cost: Cost;
  readonly besideIt: Cost;
  readonly latency: Latency;
}

/**
 * Puts to the leader of a keyspace of each profile, three members and five, all members and the load on the same cores: what a protocol
 * costs on this machine, not what a network adds. A cluster of the reference as old takes turns with each, so that ratios are of pairs.
 */
export async function protocols({ quick }: RowOptions): Promise<RowResult> {
  const plan = quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 2 };
  const taken: Taken[] = [];
  for (const [i, nodes] of (quick ? QUICK_SIZES : SIZES).entries()) {
    for (const [at, profile] of PROFILES.entries()) {
      process.stderr.write(`  ${profile}, ${nodes} members\n`);
      const base = FIRST_PORT + 2 * PORTS * (i * PROFILES.length + at);
      // Of the same age: one that has served for minutes is compiled better, and up to twice as quick at one in flight.
      const starts = [profile, REFERENCE].map(
        (one, j) => () => startWarm(base + j * PORTS, nodes, one, plan),
      );
      const rows = await usingClusters(starts, ([cluster, reference]) => {
        if (cluster === undefined || reference === undefined) throw new Error("no cluster");
        return measure(cluster, reference, plan);
      });
      for (const row of rows) taken.push({ profile, nodes, ...row });
    }
  }
  return { text: tableOf(taken), data: taken };
}

/** Loaded for a while before anything is measured: V8 compiles what is hot meanwhile. */
async function startWarm(
  base: number,
  nodes: number,
  profile: string,
  { seconds }: Plan,
): Promise<Cluster> {
  const cluster = await startQuorate({ base, nodes, profile });
  try {
    await put(cluster.clients[0] ?? "", STORED_KEY, STORED_VALUE);
    await h2load(cluster, PUT, Math.max(...IN_FLIGHT), 2 * seconds);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function measure(
  cluster: Cluster,
  reference: Cluster,
  { rounds, seconds }: Plan,
): Promise<readonly { readonly inFlight: number; readonly rounds: readonly Round[] }[]> {
  const all = [];
  for (const inFlight of IN_FLIGHT) {
    const closed = (of: Cluster): Promise<Cost> =>
      costBy(of, PUT, () => h2load(of, PUT, inFlight, seconds));
    const taken: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      const [cost, besideIt] = [await closed(cluster), await closed(reference)];
      const rate = OPEN_LOOP_SHARE * cost.perSecond;
      taken.push({
        cost,
        besideIt,
        latency: await latencyAt(cluster, rate, seconds, 1 + round),
      });
      // History is no part of this.
      for (const one of [cluster, reference]) await compact(one);
    }
    all.push({ inFlight, rounds: taken });
  }
  return all;
}
