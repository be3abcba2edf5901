import { type Cluster, put, startEtcd, startQuorate, usingClusters } from "./clusters/index.ts";
import { type Figure, figure, inTurn } from "./figures.ts";
import {
  ANSWER_MILLIS_MAX,
  countOf,
  doneBy,
  h2load,
  type Latency,
  latencyAt,
  PUT,
  STORED_KEY,
  STORED_VALUE,
} from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, rounded, summary } from "./table.ts";

const PEAK_IN_FLIGHT = 1000;
const P99_MILLIS_MAX = 10;

/** How long puts take at half of what each system can do, measured from when they were due. */
export async function openLoopLatency({ withPeer, quick }: RowOptions): Promise<RowResult> {
  const [rounds, seconds] = quick ? [1, 3] : [5, 8];
  const starts = [
    () => startQuorate({ base: 26_200 }),
    ...(withPeer ? [() => startEtcd({ base: 26_220 })] : []),
  ];
  return usingClusters(starts, async (clusters) => {
    for (const { clients } of clusters) await put(clients[0] ?? "", STORED_KEY, STORED_VALUE);
    const peaks = await inTurn(clusters, quick ? 1 : 3, "peak", (cluster) => peakOf(cluster));
    const halfOf = (kind: Cluster["kind"]): number => summary(peaks[kind]).median / 2;
    const rates = [
      ...(withPeer ? [{ rate: halfOf("etcd"), of: "etcd's", target: { ratioMax: 1 } }] : []),
      { rate: halfOf("quorate"), of: "our", target: { max: P99_MILLIS_MAX } },
    ];
    const figures: Figure[] = [];
    const lines: string[][] = [];
    const data: unknown[] = [{ peaks }];
    for (const { rate, of, target } of rates) {
      const what = `Put, p99 at half of ${of} peak, ${rate.toFixed(0)}/s`;
      const taken = await inTurn(clusters, rounds, what, (cluster, round) =>
        latencyAt(cluster, rate, seconds, 1 + round),
      );
      const readings = (kind: Cluster["kind"]) =>
        taken[kind].map(({ p99, keptUp, cpuMicros }) => ({
          value: keptUp ? p99 : ANSWER_MILLIS_MAX,
          cpuMicros,
        }));
      const keepsUp = (kind: Cluster["kind"]): boolean => taken[kind].every(({ keptUp }) => keptUp);
      const beside = keepsUp("etcd") ? readings("etcd") : [];
      figures.push(figure({ what, unit: "ms", quorate: readings("quorate"), beside, target }));
      lines.push(...clusters.map(({ kind }) => lineOf(kind, rate, taken[kind])));
      data.push({ rate, of, taken });
    }
    return { figures, text: markdown(HEADER, lines), data };
  });
}

async function peakOf(cluster: Cluster): Promise<number> {
  const load = (): Promise<void> => h2load(cluster, PUT, PEAK_IN_FLIGHT, 3);
  return (await doneBy(cluster, countOf(cluster, PUT), load)).perSecond;
}

const HEADER = [
  "",
  "due/s",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "max ms",
  "not answered well",
  "sent late, p99 ms",
  "generator CPU µs",
];

function lineOf(kind: string, rate: number, taken: readonly Latency[]): string[] {
  const median = (pick: (one: Latency) => number): string =>
    rounded(summary(taken.map(pick)).median);
  return [
    kind,
    rate.toFixed(0),
    median(({ p50 }) => p50),
    median(({ p99 }) => p99),
    median(({ p999 }) => p999),
    median(({ max }) => max),
    taken.every(({ keptUp }) => keptUp)
      ? ""
      : `${taken.map(({ lost }) => lost).join(" ")}: does not keep up`,
    median(({ lateP99 }) => lateP99),
    median(({ ownCpuMicros }) => ownCpuMicros),
  ];
}
