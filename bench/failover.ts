import { setTimeout as sleep } from "node:timers/promises";
import { layNetwork, type Network, networkMissing } from "../test/system/support/network.ts";
import {
  type Cluster,
  type ClusterOptions,
  leaderOf,
  put,
  startEtcd,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { type Figure, figure } from "./figures.ts";
import { atTheEnd } from "./leftovers.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { markdown, rounded, summary } from "./table.ts";

const ATTEMPT_MILLIS = 10;
const GIVE_UP_MILLIS = 20_000;
/** How long the member that was down has until it serves again. */
const BACK_MILLIS = 60_000;
/** Networks 10.213.SUBNET.0/24, one for each kind of server. */
const SUBNETS = { quorate: 240, etcd: 241 } as const;
const BASES = { quorate: 26_300, etcd: 26_320 } as const;
const START = { quorate: startQuorate, etcd: startEtcd } as const;

interface Loss {
  readonly what: string;
  readonly count: number;
  readonly secondsMax: number;
  readonly network: boolean;
}

/**
 * How long after the loss of the leader the first write succeeds at one of the others, everything at its defaults: killed, so that
 * its sockets tell, and cut from the power, so that nothing does.
 */
export async function failover({ withPeer, quick }: RowOptions): Promise<RowResult> {
  const kinds: readonly Cluster["kind"][] = withPeer ? ["quorate", "etcd"] : ["quorate"];
  const missing = networkMissing();
  const lost: readonly Loss[] = [
    { what: "kill -9 of the leader", count: quick ? 5 : 50, secondsMax: 0.3, network: false },
    ...(missing === null
      ? [
          {
            what: "a power cut at the leader",
            count: quick ? 3 : 20,
            secondsMax: 1.5,
            network: true,
          },
        ]
      : []),
  ];
  const figures: Figure[] = [];
  const lines: string[][] = [];
  const data: unknown[] = [];
  for (const { what, count, secondsMax, network } of lost) {
    const taken: Record<Cluster["kind"], readonly number[]> = { quorate: [], etcd: [] };
    for (const kind of kinds) {
      taken[kind] = network ? await powerCuts(kind, count) : await kills(kind, count);
      lines.push([kind, what, String(count), ...spreadOf(taken[kind])]);
    }
    const seconds = (kind: Cluster["kind"]) => taken[kind].map((ms) => ({ value: ms / 1000 }));
    const measured = {
      what: `First write after ${what}`,
      unit: "s",
      quorate: seconds("quorate"),
      paired: false,
    };
    figures.push(figure({ ...measured, beside: seconds("etcd"), target: { max: secondsMax } }));
    data.push({ what, taken });
  }
  const header = ["", "", "times", "median ms", "least", "most", "each"];
  const text = markdown(header, lines);
  return { figures, text: missing === null ? text : `${text}\n\nNo power cuts: ${missing}.`, data };
}

const kills = (kind: Cluster["kind"], count: number): Promise<readonly number[]> =>
  losses({ base: BASES[kind] }, kind, count, (cluster, leader) => cluster.kill(leader));

/** Each member in a network of its own. What the killed one's kernel would tell the others is dropped before it reaches them. */
async function powerCuts(kind: Cluster["kind"], count: number): Promise<readonly number[]> {
  const network = layNetwork(3, SUBNETS[kind]);
  const forget = atTheEnd(() => network.remove());
  try {
    return await losses({ base: BASES[kind], network }, kind, count, (cluster, leader) => {
      for (const other of [0, 1, 2].filter((index) => index !== leader)) {
        network.deafen(other, [leader]);
        network.deafen(leader, [other]);
      }
      return cluster.kill(leader);
    });
  } finally {
    forget();
    network.remove();
  }
}

function losses(
  options: ClusterOptions & { readonly network?: Network },
  kind: Cluster["kind"],
  count: number,
  lose: (cluster: Cluster, leader: number) => Promise<void>,
): Promise<readonly number[]> {
  return usingClusters([() => START[kind](options)], async ([cluster]) => {
    const millis: number[] = [];
    for (let i = 0; cluster !== undefined && i < count; i++) {
      const leader = await leaderOf(cluster);
      const survivors = cluster.clients.filter((_, index) => index !== leader);
      for (const survivor of survivors) await put(survivor, "before", String(i));
      const since = performance.now();
      const gone = lose(cluster, leader);
      millis.push((await firstWriteAt(survivors, i)) - since);
      await gone;
      options.network?.heal();
      await cluster.restart(leader);
      await put(cluster.clients[leader] ?? "", "after", String(i), BACK_MILLIS);
      process.stderr.write(`  ${kind}: ${i + 1} of ${count}: ${millis.at(-1)?.toFixed(0)} ms\n`);
    }
    return millis;
  });
}

/**
 * A new attempt begins every `ATTEMPT_MILLIS`, at the survivors in turn, whatever became of those before: one that was sent to the
 * dead leader waits for its deadline, and would hide that the cluster serves writes again.
 */
async function firstWriteAt(survivors: readonly string[], i: number): Promise<number> {
  const giveUpAt = performance.now() + GIVE_UP_MILLIS;
  let succeededAt: number | null = null;
  for (let attempt = 0; succeededAt === null; attempt++) {
    if (performance.now() > giveUpAt) throw new Error(`no write within ${GIVE_UP_MILLIS} ms`);
    const survivor = survivors[attempt % survivors.length] ?? "";
    void put(survivor, "first", String(i), GIVE_UP_MILLIS).then(
      () => {
        succeededAt ??= performance.now();
      },
      () => {},
    );
    await sleep(ATTEMPT_MILLIS);
  }
  return succeededAt;
}

function spreadOf(millis: readonly number[]): readonly string[] {
  const each = millis.map((m) => m.toFixed(0)).join(" ");
  return [summary(millis).median, Math.min(...millis), Math.max(...millis)]
    .map(rounded)
    .concat(each);
}
