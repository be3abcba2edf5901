import { setTimeout as sleep } from "node:timers/promises";
import {
  type Cluster,
  cpuOf,
  leaderOf,
  put,
  startEtcd,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { type Figure, figure, inTurn } from "./figures.ts";
import {
  arrivals,
  connect,
  countOf,
  doneBy,
  h2load,
  Latencies,
  openLoop,
  PUT,
  putBody,
  STORED_KEY,
  STORED_VALUE,
  Watchers,
} from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, rounded, summary } from "./table.ts";

const WATCHERS = 1000;
const RATES = [50, 500] as const;
const IDLE_WATCHERS = 10_000;
/** Each carries as many watchers, on one stream; they are spread over the members. */
const CONNECTIONS = 12;
const PREFIX = { key: "watched/", rangeEnd: "watched0" };
const LEAD_MILLIS = 200;
/** How long after the last put events may still come before those that are missing count as lost. */
const LATE_MILLIS_MAX = 20_000;
const LOOK_MILLIS = 20;
const IN_FLIGHT = 100;

interface Delivery {
  readonly expected: number;
  readonly delivered: number;
  /** Null where everyone got everything in order. */
  readonly wrong: string | null;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** CPU over all members for an event delivered. */
  readonly cpuMicros: number;
  readonly ownCpuMicros: number;
}

/** A thousand watchers of one prefix, who must hear of every put, and ten thousand of other keys, who must not disturb anybody. */
export async function watch({ withPeer, quick }: RowOptions): Promise<RowResult> {
  const [rounds, seconds] = quick ? [1, 3] : [3, 10];
  const starts = [
    () => startQuorate({ base: 26_240 }),
    ...(withPeer ? [() => startEtcd({ base: 26_260 })] : []),
  ];
  return usingClusters(starts, async (clusters) => {
    for (const { clients } of clusters) await put(clients[0] ?? "", STORED_KEY, STORED_VALUE);
    const figures: Figure[] = [];
    const lines: string[][] = [];
    const data: unknown[] = [];
    for (const rate of RATES) {
      const what = `Watch, p99 of delivery, ${rate} puts/s to ${WATCHERS} watchers`;
      const taken = await inTurn(clusters, rounds, what, (cluster, round) =>
        delivery(cluster, rate, seconds, 1 + round),
      );
      figures.push(...deliveryFigures(what, rate, taken));
      lines.push(...clusters.map(({ kind }) => lineOf(kind, rate, taken[kind])));
      data.push({ rate, taken });
    }
    const idle = await inTurn(clusters, quick ? 1 : 5, "put beside idle watchers", (cluster) =>
      besideIdle(cluster, quick ? 1 : 3),
    );
    for (const { kind } of clusters) figures.push(idleFigure(kind, idle[kind]));
    return { figures, text: markdown(HEADER, lines), data: { delivery: data, idle } };
  });
}

async function delivery(
  cluster: Cluster,
  rate: number,
  seconds: number,
  seed: number,
): Promise<Delivery> {
  const puts = await connect([cluster.clients[await leaderOf(cluster)] ?? ""], 1);
  const clients = await connect(cluster.clients, CONNECTIONS);
  const latencies = new Latencies();
  let due: Float64Array = new Float64Array();
  const onEvent = (bytes: Uint8Array, valueAt: number): void => {
    latencies.record(performance.now() - (due[indexAt(bytes, valueAt)] ?? 0));
  };
  try {
    const watchers = await Watchers.open(clients, WATCHERS, () => PREFIX, onEvent);
    const [cpuBefore, own] = [cpuOf(cluster), process.cpuUsage()];
    due = arrivals(performance.now() + LEAD_MILLIS, rate, seconds, seed);
    const message = (index: number): Uint8Array =>
      putBody(`${PREFIX.key}${index}`, numbered(index));
    const { ok } = await openLoop({ clients: puts, path: PUT.path, due, message });
    const expected = ok * WATCHERS;
    const until = performance.now() + LATE_MILLIS_MAX;
    while (watchers.delivered < expected && performance.now() < until) await sleep(LOOK_MILLIS);
    const { user, system } = process.cpuUsage(own);
    const { delivered } = watchers;
    const wrong = watchers.verdict(ok);
    watchers.close();
    return {
      expected,
      delivered,
      wrong: ok === due.length ? wrong : `${due.length - ok} puts failed`,
      p50: latencies.percentile(50),
      p99: latencies.percentile(99),
      max: latencies.percentile(100),
      cpuMicros: (cpuOf(cluster) - cpuBefore) / Math.max(1, delivered),
      ownCpuMicros: (user + system) / Math.max(1, delivered),
    };
  } finally {
    for (const client of [...puts, ...clients]) client.destroy();
  }
}

interface BesideIdle {
  readonly without: { readonly perSecond: number; readonly cpuMicros: number };
  readonly beside: { readonly perSecond: number; readonly cpuMicros: number };
}

/** The rate of puts without watchers, and beside watchers of keys that nobody writes. */
async function besideIdle(cluster: Cluster, seconds: number): Promise<BesideIdle> {
  const load = () =>
    doneBy(cluster, countOf(cluster, PUT), () => h2load(cluster, PUT, IN_FLIGHT, seconds));
  const without = await load();
  const clients = await connect(cluster.clients, CONNECTIONS);
  try {
    const keyOf = (watcher: number) => ({ key: `unwritten/${watcher}` });
    const watchers = await Watchers.open(clients, IDLE_WATCHERS, keyOf, () => {});
    const beside = await load();
    const wrong = watchers.verdict(0);
    if (wrong !== null) throw new Error(wrong);
    watchers.close();
    return { without, beside };
  } finally {
    for (const client of clients) client.destroy();
  }
}

/** The value of a put begins with its number, by which an event finds when it was due. */
function numbered(index: number): Uint8Array {
  const value = Buffer.alloc(STORED_VALUE.length, "v");
  value.writeUInt32LE(index, 0);
  return value;
}

const indexAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);

function deliveryFigures(
  what: string,
  rate: number,
  taken: Readonly<Record<Cluster["kind"], readonly Delivery[]>>,
): readonly Figure[] {
  const latency = (kind: Cluster["kind"]) =>
    taken[kind].map(({ p99, cpuMicros }) => ({ value: p99, cpuMicros }));
  const share = (kind: Cluster["kind"]) =>
    taken[kind].map((one) => ({
      value: one.wrong === null ? 100 : Math.min(99.99, (100 * one.delivered) / one.expected),
    }));
  const keepsUp = taken.etcd.every(({ wrong }) => wrong === null);
  return [
    figure({
      what: `Watch, delivered in order, ${rate} puts/s to ${WATCHERS} watchers`,
      unit: "%",
      quorate: share("quorate"),
      beside: share("etcd"),
      target: { min: 100 },
    }),
    figure({
      what,
      unit: "ms",
      quorate: latency("quorate"),
      beside: keepsUp ? latency("etcd") : [],
      target: { ratioMax: 1 },
    }),
  ];
}

const RATE_UNCHANGED = 0.95;

function idleFigure(kind: Cluster["kind"], taken: readonly BesideIdle[]): Figure {
  const readings = (pick: (one: BesideIdle) => BesideIdle["without"]) =>
    taken.map(pick).map(({ perSecond, cpuMicros }) => ({ value: perSecond, cpuMicros }));
  return figure({
    what: `Put, ${IN_FLIGHT} in flight, beside ${IDLE_WATCHERS} watchers of other keys: ${kind}`,
    unit: "/s",
    quorate: readings(({ beside }) => beside),
    beside: readings(({ without }) => without),
    besideIs: "without",
    ...(kind === "quorate" && { target: { ratioMin: RATE_UNCHANGED } }),
  });
}

const HEADER = [
  "",
  "puts/s",
  "events",
  "p50 ms",
  "p99 ms",
  "max ms",
  "wrong",
  "own CPU µs an event",
];

function lineOf(kind: string, rate: number, taken: readonly Delivery[]): string[] {
  const median = (pick: (one: Delivery) => number): string =>
    rounded(summary(taken.map(pick)).median);
  return [
    kind,
    String(rate),
    taken.map(({ delivered, expected }) => `${delivered}/${expected}`).join(" "),
    median(({ p50 }) => p50),
    median(({ p99 }) => p99),
    median(({ max }) => max),
    [...new Set(taken.flatMap(({ wrong }) => (wrong === null ? [] : [wrong])))].join("; "),
    median(({ ownCpuMicros }) => ownCpuMicros),
  ];
}
