import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ask, type Cluster, leaderOf, startQuorate, usingClusters } from "./clusters/index.ts";
import { figure, type Reading, type Target } from "./figures.ts";
import {
  ANSWER_MILLIS_MAX,
  arrivals,
  connect,
  fill,
  fillKey,
  Latencies,
  openLoop,
  PUT,
  putBody,
} from "./load/index.ts";
import type { LoopPauses } from "./loop-watch.ts";
import type { RowOptions, RowResult } from "./row.ts";

const VALUE_BYTES = 256;
const PUT_BYTES = 2048;
const PUTS_PER_SECOND = 2000;
const CONNECTIONS = 10;
const SEED = 1;
/** A prime: puts go over all keys, far from each other. */
const STRIDE = 7919;
const LEAD_MILLIS = 50;
const LOOK_MILLIS = 20;
const LOOP_MILLIS = 250;
const PAUSE_MILLIS_MAX = 20;

/** From when to when a member wrote a checkpoint, in milliseconds of `performance.now()`. */
interface Span {
  readonly member: number;
  readonly from: number;
  readonly to: number;
}

/** The pauses of one member's event loop over one stretch of time. */
interface Pauses extends Span, LoopPauses {}

/**
 * Puts on a schedule over a million keys, so large that the members write checkpoints every quarter of a minute: how long a put
 * takes, and for how long an event loop stands still, with one under way and without.
 */
export async function checkpoint({ quick }: RowOptions): Promise<RowResult> {
  const [keys, seconds, mib] = quick ? [100_000, 12, 8] : [1_000_000, 60, 64];
  const start = () => startQuorate({ base: 26_420, checkpointBytes: mib * 2 ** 20 });
  return usingClusters([start], async ([cluster]) => {
    if (cluster === undefined) throw new Error("no cluster");
    const leader = await leaderOf(cluster);
    const clients = await connect([cluster.clients[leader] ?? ""], CONNECTIONS);
    try {
      const [first] = clients;
      if (first !== undefined) await fill(first, keys, VALUE_BYTES);
      const observed = new Observation(cluster);
      await observed.begin();
      const value = Buffer.alloc(PUT_BYTES, "v");
      const due = arrivals(performance.now() + LEAD_MILLIS, PUTS_PER_SECOND, seconds, SEED);
      const took = new Float64Array(due.length).fill(ANSWER_MILLIS_MAX);
      const result = await openLoop({
        clients,
        path: PUT.path,
        due,
        message: (index) => putBody(fillKey((index * STRIDE) % keys), value),
        onDone: (index, millis) => {
          took[index] = millis;
        },
      });
      await observed.end();
      return resultOf(keys, due, took, observed, due.length - result.ok);
    } finally {
      for (const client of clients) client.destroy();
    }
  });
}

/** Looks at the members from outside: where their checkpoints grow, and at what they say of their event loops. */
class Observation {
  readonly spans: Span[] = [];
  readonly pauses: Pauses[] = [];
  readonly #cluster: Cluster;
  readonly #began: (number | null)[];
  readonly #timers: NodeJS.Timeout[] = [];
  #asked = 0;
  #asking: Promise<void> | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#began = cluster.members.map(() => null);
  }

  async begin(): Promise<void> {
    for (const member of this.#cluster.members) await ask(member, "watch-loop", /^watching$/);
    this.#asked = performance.now();
    this.#timers.push(setInterval(() => this.#look(), LOOK_MILLIS));
    const askOne = (): void => {
      this.#asking ??= this.#askLoops().finally(() => {
        this.#asking = null;
      });
    };
    this.#timers.push(setInterval(askOne, LOOP_MILLIS));
  }

  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#asking;
    await this.#askLoops();
    for (const member of this.#began.keys()) this.#ended(member);
  }

  #look(): void {
    for (const [member, dataDir] of this.#cluster.dataDirs.entries()) {
      const writing = readdirSync(join(dataDir, "incoming")).length > 0;
      if (writing) this.#began[member] ??= performance.now();
      else this.#ended(member);
    }
  }

  #ended(member: number): void {
    const from = this.#began[member] ?? null;
    if (from !== null) this.spans.push({ member, from, to: performance.now() });
    this.#began[member] = null;
  }

  async #askLoops(): Promise<void> {
    const [from, to] = [this.#asked, performance.now()];
    this.#asked = to;
    const said = await Promise.all(
      this.#cluster.members.map((member) => ask(member, "loop", /^pauses /)),
    );
    for (const [member, line] of said.entries()) {
      const found = JSON.parse(line.slice("pauses ".length)) as LoopPauses;
      this.pauses.push({ member, from, to, ...found });
    }
  }
}

/** Three members and the load share the machine: only what a member did itself is asked to be short. */
const KINDS: readonly {
  readonly kind: keyof LoopPauses;
  readonly what: string;
  readonly target: Target;
}[] = [
  { kind: "computed", what: "computed", target: { max: PAUSE_MILLIS_MAX } },
  { kind: "blocked", what: "waited, not for a core", target: { max: PAUSE_MILLIS_MAX } },
  { kind: "collected", what: "was stopped by the collector", target: {} },
  { kind: "inLine", what: "stood in line for a core", target: {} },
  { kind: "late", what: "stood still in all", target: {} },
];

const longest = (found: readonly Pauses[], kind: keyof LoopPauses): readonly Reading[] => [
  { value: Math.max(0, ...found.map((one) => one[kind])) },
];

function resultOf(
  keys: number,
  due: Float64Array,
  took: Float64Array,
  { spans, pauses }: Observation,
  lost: number,
): RowResult {
  const [during, without] = [new Latencies(), new Latencies()];
  for (const [index, at] of due.entries()) {
    const millis = took[index] ?? ANSWER_MILLIS_MAX;
    const met = spans.some(({ from, to }) => at + millis >= from && at <= to);
    (met ? during : without).record(millis);
  }
  const meets = (one: Pauses): boolean =>
    spans.some(({ member, from, to }) => member === one.member && one.to >= from && one.from <= to);
  const [busy, calm] = [pauses.filter(meets), pauses.filter((one) => !meets(one))];
  const figures = [
    ...KINDS.map(({ kind, what, target }) =>
      figure({
        what: `Event loop, checkpoint of ${keys} keys: longest that it ${what}`,
        unit: "ms",
        quorate: longest(busy, kind),
        beside: longest(calm, kind),
        besideIs: "without",
        target,
      }),
    ),
    figure({
      what: `Put, p99, ${PUTS_PER_SECOND}/s, checkpoint of ${keys} keys`,
      unit: "ms",
      quorate: [{ value: during.percentile(99) }],
      beside: [{ value: without.percentile(99) }],
      besideIs: "without",
      target: { ratioMax: 2 },
    }),
  ];
  const each = spans.map(
    ({ member, from, to }) => `n${member + 1} ${((to - from) / 1000).toFixed(1)} s`,
  );
  const text =
    `${spans.length} checkpoints (${each.join(", ")}); ${during.count} puts met one, ${without.count} none, ` +
    `${lost} were not answered well, and count as ${ANSWER_MILLIS_MAX} ms.`;
  return {
    figures,
    text,
    data: { keys, spans, during: during.summary(), without: without.summary(), busy, calm, lost },
  };
}
