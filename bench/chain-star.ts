import { layNetwork, networkMissing } from "../test/system/support/network.ts";
import {
  type Cluster,
  compact,
  limitEgress,
  put,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { atTheEnd } from "./leftovers.ts";
import { type Cost, costBy, h2load, PUT, putBody, STORED_KEY } from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, rounded, summary, withSpread } from "./table.ts";

const PROFILES = ["chain", "primary-sync", "etcd"];
const SIZES = [3, 5];
const KIB = 1024;
/** Values, and how many of them are in flight: enough to fill the links, and not the limits on what may wait. */
const VALUES = [
  { bytes: KIB, inFlight: 200 },
  { bytes: 64 * KIB, inFlight: 16 },
  { bytes: 1024 * KIB, inFlight: 4 },
];
/** What each host may send: little enough that it is this, and no core, that limits whoever sends most. */
const EGRESS = { mbitPerSecond: 100 };
const PORT = 26_900;
/** Third bytes of the addresses: not those of other rows. */
const FIRST_SUBNET = 60;

interface Taken {
  readonly profile: string;
  readonly nodes: number;
  readonly valueBytes: number;
  readonly samples: readonly Cost[];
}

/**
 * Large values to a chain and to stars, each member in a network of its own whose way out is limited. A primary that sends every value
 * to all others has its way out divided by their number; the head of a chain sends it once, however many there are (C3).
 */
export async function chainStar({ quick }: RowOptions): Promise<RowResult> {
  const missing = networkMissing();
  if (missing !== null) return { text: `not measured: ${missing}`, data: { missing } };
  const [rounds, seconds] = quick ? [1, 2] : [5, 5];
  const taken: Taken[] = [];
  let subnet = FIRST_SUBNET;
  for (const nodes of SIZES) {
    for (const profile of PROFILES) {
      process.stderr.write(`  ${profile}, ${nodes} members\n`);
      const all = await inNetwork(nodes, profile, subnet++, (cluster) =>
        measure(cluster, rounds, seconds),
      );
      for (const one of all) taken.push({ profile, nodes, ...one });
    }
  }
  return { text: tableOf(taken), data: { egress: EGRESS, taken } };
}

/** The networks go at the end, whatever becomes of the work. */
async function inNetwork<T>(
  nodes: number,
  profile: string,
  subnet: number,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const network = layNetwork(nodes, subnet);
  const forget = atTheEnd(() => network.remove());
  try {
    for (let index = 0; index < nodes; index++) limitEgress(network, index, EGRESS);
    return await usingClusters(
      [() => startQuorate({ base: PORT, nodes, profile, network })],
      ([cluster]) => {
        if (cluster === undefined) throw new Error("no cluster");
        return work(cluster);
      },
    );
  } finally {
    forget();
    network.remove();
  }
}

async function measure(
  cluster: Cluster,
  rounds: number,
  seconds: number,
): Promise<readonly Pick<Taken, "valueBytes" | "samples">[]> {
  await put(cluster.clients[0] ?? "", STORED_KEY, "v");
  const all = [];
  for (const { bytes, inFlight } of VALUES) {
    const call = { ...PUT, body: putBody(STORED_KEY, Buffer.alloc(bytes, "v")) };
    const load = (): Promise<void> => h2load(cluster, call, inFlight, seconds);
    await load();
    const samples: Cost[] = [];
    for (let round = 0; round < rounds; round++) {
      try {
        samples.push(await costBy(cluster, call, load));
      } catch (error) {
        // A full way out may cost a leader its office: that round says nothing of rates, and the others are worth having.
        process.stderr.write(`  round ${round + 1} is lost: ${String(error)}\n`);
      }
      // What was overwritten would fill the memory of all members.
      await compact(cluster);
    }
    all.push({ valueBytes: bytes, samples });
  }
  return all;
}

const HEADER = [
  "value",
  "profile",
  "members",
  "puts/s",
  "rounds that lasted",
  "MB/s of values",
  "bytes out of the primary for a byte of value",
  "of all",
];
const MB = 1e6;

function tableOf(taken: readonly Taken[]): string {
  const bySize = [...taken].sort((a, b) => a.valueBytes - b.valueBytes);
  const rows = bySize.map(({ profile, nodes, valueBytes, samples }) => {
    const of = (pick: (cost: Cost) => number) => summary(samples.map(pick));
    return [
      `${valueBytes / KIB} KiB`,
      profile,
      String(nodes),
      samples.length === 0 ? "no round lasted" : withSpread(of(({ perSecond }) => perSecond)),
      String(samples.length),
      rounded(of(({ perSecond }) => (perSecond * valueBytes) / MB).median),
      rounded(of(({ bytesOut }) => bytesOut / valueBytes).median),
      rounded(of(({ bytesOfAll }) => bytesOfAll / valueBytes).median),
    ];
  });
  return markdown(HEADER, rows);
}
