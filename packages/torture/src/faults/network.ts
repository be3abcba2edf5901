import { between, type Impairment, type Link, towards } from "../network/index.ts";
import { lasting } from "../wait.ts";
import { type Bite, type Field, indexes, type KindOf, noBite, othersOf } from "./fault.ts";

const DROP: Impairment = { type: "drop" };

/** Lies on the links for so long; bit if something met it. */
async function impairFor(
  { network, until }: Field,
  links: readonly Link[],
  impairment: Impairment,
  millis: number,
): Promise<Bite> {
  const lift = await network.impair(links, impairment);
  await lasting(millis, until);
  const hits = await lift();
  const what = network.kind === "relays" ? "chunks" : "packets";
  return { times: hits > 0 ? 1 : 0, note: `${hits} ${what}` };
}

const missing =
  (type: Impairment["type"]) =>
  ({ network }: Field): string | null =>
    network.lacks(type);

const everyLink = (field: Field): readonly Link[] =>
  indexes(field).flatMap((index) => towards([index], othersOf(field, index)));

const partition: KindOf<"partition"> = {
  family: "network",
  lasts: [500, 7000],
  draw(dice, { nodes }) {
    if (nodes < 2) return null;
    const side = Array.from({ length: nodes }, (_, i) => i).filter(() => dice.chance(500));
    return { type: "partition", side: side.length % nodes === 0 ? [dice.below(nodes)] : side };
  },
  missing: missing("drop"),
  strike: (field, { side }, millis) =>
    impairFor(field, between(side, othersOf(field, ...side)), DROP, millis),
};

const isolateLeader: KindOf<"isolateLeader"> = {
  family: "network",
  lasts: [800, 7000],
  draw: (_, { nodes }) => (nodes < 2 ? null : { type: "isolateLeader" }),
  missing: missing("drop"),
  async strike(field, _, millis) {
    const leader = await field.cluster.leader();
    if (leader === null) return noBite("nobody led");
    const links = between([leader.index], othersOf(field, leader.index));
    return impairFor(field, links, DROP, millis);
  },
};

const oneWay: KindOf<"oneWay"> = {
  family: "network",
  lasts: [500, 7000],
  draw: (dice, { nodes }) =>
    nodes < 2 ? null : { type: "oneWay", node: dice.below(nodes), inbound: dice.chance(500) },
  missing: missing("drop"),
  strike(field, { node, inbound }, millis) {
    const others = othersOf(field, node);
    const links = inbound ? towards(others, [node]) : towards([node], others);
    return impairFor(field, links, DROP, millis);
  },
};

const cutPair: KindOf<"cutPair"> = {
  family: "network",
  lasts: [500, 8000],
  draw(dice, { nodes }) {
    if (nodes < 3) return null;
    const one = dice.below(nodes);
    return { type: "cutPair", one, other: (one + 1 + dice.below(nodes - 1)) % nodes };
  },
  missing: missing("drop"),
  strike: (field, { one, other }, millis) =>
    impairFor(field, between([one], [other]), DROP, millis),
};

const bridge: KindOf<"bridge"> = {
  family: "network",
  lasts: [500, 7000],
  draw: (dice, { nodes }) => (nodes < 3 ? null : { type: "bridge", middle: dice.below(nodes) }),
  missing: missing("drop"),
  strike(field, { middle }, millis) {
    const others = othersOf(field, middle);
    const half = Math.floor(others.length / 2);
    return impairFor(field, between(others.slice(0, half), others.slice(half)), DROP, millis);
  },
};

const majorityRing: KindOf<"majorityRing"> = {
  family: "network",
  lasts: [500, 7000],
  draw: (_, { nodes }) => (nodes < 5 ? null : { type: "majorityRing" }),
  missing: missing("drop"),
  strike(field, _, millis) {
    const all = indexes(field);
    const reach = Math.floor(all.length / 4);
    const links = all.flatMap((at) => {
      const far = all.filter((other) => {
        const gap = Math.abs(other - at);
        return Math.min(gap, all.length - gap) > reach;
      });
      return towards([at], far);
    });
    return impairFor(field, links, DROP, millis);
  },
};

const flapping: KindOf<"flapping"> = {
  family: "network",
  lasts: [2000, 8000],
  draw: (dice, { nodes }) =>
    nodes < 2
      ? null
      : { type: "flapping", node: dice.below(nodes), periodMillis: dice.pick([150, 400, 1200]) },
  missing: missing("drop"),
  async strike(field, { node, periodMillis }, millis) {
    const links = between([node], othersOf(field, node));
    let times = 0;
    for (let at = 0; at < millis && !field.until.aborted; at += 2 * periodMillis) {
      times += (await impairFor(field, links, DROP, periodMillis)).times;
      await lasting(periodMillis, field.until);
    }
    return { times, note: "" };
  },
};

const clog: KindOf<"clog"> = {
  family: "network",
  lasts: [1000, 6000],
  draw: (dice, { nodes }) =>
    nodes < 2
      ? null
      : { type: "clog", node: dice.below(nodes), bytesPerSecond: dice.pick([2000, 12_000]) },
  missing: missing("limit"),
  strike(field, { node, bytesPerSecond }, millis) {
    const links = between([node], othersOf(field, node));
    return impairFor(field, links, { type: "limit", bytesPerSecond }, millis);
  },
};

const lossy: KindOf<"lossy"> = {
  family: "network",
  lasts: [2000, 8000],
  draw: (dice) => ({ type: "lossy", perMille: dice.pick([20, 100, 300]) }),
  missing: missing("lose"),
  strike: (field, { perMille }, millis) =>
    impairFor(field, everyLink(field), { type: "lose", perMille }, millis),
};

const slowLinks: KindOf<"slowLinks"> = {
  family: "network",
  lasts: [2000, 8000],
  draw: (dice) => ({ type: "slowLinks", millis: dice.pick([20, 80, 300]) }),
  missing: missing("delay"),
  strike: (field, { millis: delay }, millis) =>
    impairFor(field, everyLink(field), { type: "delay", millis: delay }, millis),
};

const duplicating: KindOf<"duplicating"> = {
  family: "network",
  lasts: [2000, 8000],
  draw: (dice) => ({ type: "duplicating", perMille: dice.pick([20, 200]) }),
  missing: missing("duplicate"),
  strike: (field, { perMille }, millis) =>
    impairFor(field, everyLink(field), { type: "duplicate", perMille }, millis),
};

const reordering: KindOf<"reordering"> = {
  family: "network",
  lasts: [2000, 8000],
  draw: (dice) => ({ type: "reordering", perMille: dice.pick([50, 300]) }),
  missing: missing("reorder"),
  strike: (field, { perMille }, millis) =>
    impairFor(field, everyLink(field), { type: "reorder", perMille }, millis),
};

export const NETWORK_FAULTS = {
  partition,
  isolateLeader,
  oneWay,
  cutPair,
  bridge,
  majorityRing,
  flapping,
  clog,
  lossy,
  slowLinks,
  duplicating,
  reordering,
} as const;
