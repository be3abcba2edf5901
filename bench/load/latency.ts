import { type Cluster, leaderOf } from "../clusters/index.ts";
import { PUT } from "./calls.ts";
import { connect } from "./connect.ts";
import { countOf, doneBy } from "./counting.ts";
import { type OpenLoopResult, openLoop } from "./open-loop.ts";
import { arrivals } from "./schedule.ts";

const CONNECTIONS = 10;
/** Between the making of a schedule and its first call. */
const LEAD_MILLIS = 50;
/** Of what was due: less answered, or anything refused, and the system does not keep up. */
const KEPT_UP = 0.999;

/** How long puts took, from when they were due, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly keptUp: boolean;
  readonly perSecond: number;
  readonly lost: number;
  readonly lateP99: number;
  readonly ownCpuMicros: number;
  readonly cpuMicros: number;
}

/** Puts to the leader, as many a second as are due, answered or not. */
export async function latencyAt(
  cluster: Cluster,
  perSecond: number,
  seconds: number,
  seed: number,
): Promise<Latency> {
  const clients = await connect([cluster.clients[await leaderOf(cluster)] ?? ""], CONNECTIONS);
  try {
    let result: OpenLoopResult | null = null;
    const done = await doneBy(cluster, countOf(cluster, PUT), async () => {
      const due = arrivals(performance.now() + LEAD_MILLIS, perSecond, seconds, seed);
      result = await openLoop({ clients, path: PUT.path, due, message: () => PUT.body });
    });
    if (result === null) throw new Error("nothing was measured");
    return latencyOf(result, done);
  } finally {
    for (const client of clients) client.destroy();
  }
}

function latencyOf(
  result: OpenLoopResult,
  done: { readonly perSecond: number; readonly cpuMicros: number },
): Latency {
  const { due, ok, latencies, lateness, ownCpuMicros } = result;
  return {
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    p999: latencies.percentile(99.9),
    max: latencies.percentile(100),
    keptUp: ok >= KEPT_UP * due,
    perSecond: done.perSecond,
    lost: due - ok,
    lateP99: lateness.percentile(99),
    ownCpuMicros,
    cpuMicros: done.cpuMicros,
  };
}
