import {
  type Cluster,
  leaderOf,
  makeCertificates,
  put,
  startEtcd,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { type Figure, figure, inTurn, type Reading, type Target } from "./figures.ts";
import {
  type Call,
  connect,
  countOf,
  type Done,
  doneBy,
  h2load,
  keepAlives,
  PUT,
  RANGE,
  SERIALIZABLE_RANGE,
  STORED_KEY,
  STORED_VALUE,
  TXN,
  type Via,
} from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";

interface Case {
  readonly call: Call;
  readonly inFlight: number;
  readonly via?: Via;
  readonly target?: Target;
}

const AT_100 = 100;
const PLAIN: readonly Case[] = [
  { call: PUT, inFlight: 1, target: { ratioMin: 1.1 } },
  { call: PUT, inFlight: 10, target: { ratioMin: 2.5 } },
  { call: PUT, inFlight: AT_100, target: { ratioMin: 4, cpuRatioMax: 0.25 } },
  { call: PUT, inFlight: 1000, target: { ratioMin: 4 } },
  { call: RANGE, inFlight: 1 },
  { call: RANGE, inFlight: 10 },
  { call: RANGE, inFlight: AT_100, target: { ratioMin: 6 } },
  { call: RANGE, inFlight: 1000 },
  { call: RANGE, inFlight: AT_100, via: "members", target: { ratioMin: 3 } },
  { call: SERIALIZABLE_RANGE, inFlight: AT_100 },
  { call: TXN, inFlight: AT_100, target: { ratioMin: 6 } },
];
const OVER_TLS: readonly Case[] = [
  { call: PUT, inFlight: AT_100, target: { ratioMin: 3 } },
  { call: RANGE, inFlight: AT_100, target: { ratioMin: 3 } },
  { call: TXN, inFlight: AT_100, target: { ratioMin: 3 } },
];
const KEEP_ALIVE_CONNECTIONS = 10;
const KEEP_ALIVE_TARGET: Target = { ratioMin: 3 };

/** Warm-ups that the first case has beforehand. */
const COMPILING = 3;

interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/**
 * Calls in a closed loop, three members each, all clusters up and loaded in turn. Puts and transactions are counted by the store's
 * revision before and after, ranges by the servers' counters, renewals of leases by their answers, which say whether they were done.
 */
export async function throughput({ withPeer, quick }: RowOptions): Promise<RowResult> {
  const pace = quick
    ? { rounds: 1, seconds: 1, warmUpSeconds: 1 }
    : { rounds: 3, seconds: 3, warmUpSeconds: 2 };
  const certificates = await makeCertificates(["n1", "n2", "n3"]);
  const plain = [
    () => startQuorate({ base: 26_100 }),
    ...(withPeer ? [() => startEtcd({ base: 26_120 })] : []),
  ];
  const overTls = [
    () => startQuorate({ base: 26_140, certificates }),
    ...(withPeer ? [() => startEtcd({ base: 26_160, certificates })] : []),
  ];
  const measured = [
    ...(await usingClusters(plain, async (clusters) => [
      ...(await unary(clusters, PLAIN, "", pace)),
      await renewals(clusters, pace),
    ])),
    ...(await usingClusters(overTls, (clusters) => unary(clusters, OVER_TLS, ", TLS", pace))),
  ];
  return {
    figures: measured.map(({ figure }) => figure),
    text: "",
    data: measured.map(({ what, samples }) => ({ what, samples })),
  };
}

interface Taken {
  readonly what: string;
  readonly samples: Readonly<Record<Cluster["kind"], readonly Done[]>>;
  readonly figure: Figure;
}

async function unary(
  clusters: readonly Cluster[],
  cases: readonly Case[],
  how: string,
  { rounds, seconds, warmUpSeconds }: Pace,
): Promise<readonly Taken[]> {
  for (const { clients } of clusters) await put(clients[0] ?? "", STORED_KEY, STORED_VALUE);
  // A lone client's few calls would run through code that is not compiled yet: both have been under load before, as servers have.
  for (const cluster of clusters)
    await h2load(cluster, PUT, AT_100, COMPILING * warmUpSeconds, "leader");
  const taken: Taken[] = [];
  for (const { call, inFlight, via = "leader", target = {} } of cases) {
    const spread = via === "members" ? ", spread over members" : "";
    const what = `${call.name}, ${inFlight} in flight${spread}${how}`;
    for (const cluster of clusters) await h2load(cluster, call, inFlight, warmUpSeconds, via);
    const samples = await inTurn(clusters, rounds, what, (cluster) =>
      doneBy(cluster, countOf(cluster, call), () => h2load(cluster, call, inFlight, seconds, via)),
    );
    taken.push(takenOf(what, samples, target));
  }
  return taken;
}

async function renewals(
  clusters: readonly Cluster[],
  { rounds, seconds, warmUpSeconds }: Pace,
): Promise<Taken> {
  const what = `LeaseKeepAlive, ${AT_100} in flight`;
  for (const cluster of clusters) await renewed(cluster, warmUpSeconds);
  const samples = await inTurn(clusters, rounds, what, (cluster) => renewed(cluster, seconds));
  return takenOf(what, samples, KEEP_ALIVE_TARGET);
}

async function renewed(cluster: Cluster, seconds: number): Promise<Done> {
  const leader = cluster.clients[await leaderOf(cluster)] ?? "";
  const clients = await connect([leader], KEEP_ALIVE_CONNECTIONS);
  let answered = 0;
  try {
    return await doneBy(
      cluster,
      () => Promise.resolve(answered),
      async () => {
        answered += await keepAlives(clients, AT_100, seconds);
      },
    );
  } finally {
    for (const client of clients) client.destroy();
  }
}

function takenOf(what: string, samples: Taken["samples"], target: Target): Taken {
  const readings = (kind: Cluster["kind"]): readonly Reading[] =>
    samples[kind].map(({ perSecond, cpuMicros }) => ({ value: perSecond, cpuMicros }));
  const measured = { what, unit: "/s", quorate: readings("quorate"), beside: readings("etcd") };
  return { what, samples, figure: figure({ ...measured, target }) };
}
