import { put } from "./api.ts";
import { type Cluster, startEtcd, startQuorate } from "./clusters.ts";
import { load, type Method, type Sample } from "./h2load.ts";
import { markdown, rounded, type Summary, summary, withSpread } from "./table.ts";

const IN_FLIGHT = [1, 10, 100, 1000] as const;
const METHODS: readonly Method[] = ["Put", "Range"];
const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 2;

interface Measurement {
  readonly method: Method;
  readonly inFlight: number;
  readonly kind: Cluster["kind"];
  readonly perSecond: Summary;
  readonly cpuMicros: Summary;
  readonly residentMiB: number;
}

/**
 * Put and linearizable range through the leader, three members each, both clusters up and loaded in turn: what disturbs the machine
 * disturbs both. A ratio is that of the medians; the spread is half of what lies between the extremes.
 */
export async function throughput(
  withPeer: boolean,
): Promise<{ readonly text: string; readonly data: unknown }> {
  const clusters = [await startQuorate(26_100), ...(withPeer ? [await startEtcd(26_200)] : [])];
  try {
    for (const cluster of clusters) await put(cluster.clients[0] ?? "", "key1", "v".repeat(32));
    const measured: Measurement[] = [];
    for (const method of METHODS) {
      for (const inFlight of IN_FLIGHT)
        measured.push(...(await compare(clusters, method, inFlight)));
    }
    return { text: render(measured), data: measured };
  } finally {
    for (const cluster of clusters) await cluster.stop();
  }
}

async function compare(
  clusters: readonly Cluster[],
  method: Method,
  inFlight: number,
): Promise<readonly Measurement[]> {
  const samples = new Map<Cluster, Sample[]>(clusters.map((cluster) => [cluster, []]));
  for (const cluster of clusters) await load(cluster, method, inFlight, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (const cluster of clusters)
      samples.get(cluster)?.push(await load(cluster, method, inFlight, SECONDS));
    process.stderr.write(`  ${method} at ${inFlight}: round ${round + 1} of ${ROUNDS}\n`);
  }
  return clusters.map((cluster) => {
    const own = samples.get(cluster) ?? [];
    return {
      method,
      inFlight,
      kind: cluster.kind,
      perSecond: summary(own.map((sample) => sample.perSecond)),
      cpuMicros: summary(own.map((sample) => sample.cpuMicrosPerOperation)),
      residentMiB: Math.max(...own.map((sample) => sample.residentMiB)),
    };
  });
}

function render(measured: readonly Measurement[]): string {
  const header = [
    "",
    "in flight",
    "quorate/s",
    "etcd/s",
    "ratio",
    "quorate CPU µs",
    "etcd CPU µs",
    "quorate MiB",
    "etcd MiB",
  ];
  const ours = measured.filter(({ kind }) => kind === "quorate");
  const rows = ours.map((own) => {
    const peer = measured.find(
      (m) => m.kind === "etcd" && m.method === own.method && m.inFlight === own.inFlight,
    );
    return [
      own.method,
      String(own.inFlight),
      withSpread(own.perSecond),
      peer === undefined ? "" : withSpread(peer.perSecond),
      peer === undefined ? "" : `${rounded(own.perSecond.median / peer.perSecond.median)}×`,
      withSpread(own.cpuMicros),
      peer === undefined ? "" : withSpread(peer.cpuMicros),
      rounded(own.residentMiB),
      peer === undefined ? "" : rounded(peer.residentMiB),
    ];
  });
  return markdown(header, rows);
}
