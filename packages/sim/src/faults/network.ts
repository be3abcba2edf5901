import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { Dice } from "../world/dice.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { SimNode } from "../world/sim-node.ts";
import { again, type FaultType, type Field, type KindOf, later, nodeOf } from "./fault.ts";

const othersOf = ({ world }: Field, ...some: readonly SimNode[]): readonly SimNode[] =>
  world.nodes.filter((node) => !some.includes(node));

/** Cuts until the end; counts as bitten by the frames that did not get through. */
function cutFor(
  field: Field,
  type: FaultType,
  millis: number,
  cut: () => readonly (() => void)[],
): void {
  const { counts } = field.world.network;
  const before = counts.cut;
  const undo = cut();
  later(field, millis, () => {
    for (const join of undo) join();
    if (counts.cut > before) field.bite(type);
  });
}

const partition: KindOf<"partition"> = {
  family: "network",
  lasts: [300, 5000],
  draw(dice, { nodes }) {
    if (nodes < 2) return null;
    const side = Array.from({ length: nodes }, (_, i) => i).filter(() => dice.chance(500));
    return { type: "partition", side: side.length % nodes === 0 ? [dice.below(nodes)] : side };
  },
  strike(field, { side }, millis) {
    const one = side.map((index) => nodeOf(field, index));
    cutFor(field, "partition", millis, () => [field.world.partition(one, othersOf(field, ...one))]);
  },
};

const isolateLeader: KindOf<"isolateLeader"> = {
  family: "network",
  lasts: [500, 5000],
  draw: (_, { nodes }) => (nodes < 2 ? null : { type: "isolateLeader" }),
  strike(field, _, millis) {
    const leader = field.world.leader();
    if (leader === null) return;
    cutFor(field, "isolateLeader", millis, () => [
      field.world.partition([leader], othersOf(field, leader)),
    ]);
  },
};

const oneWay: KindOf<"oneWay"> = {
  family: "network",
  lasts: [300, 5000],
  draw: (dice, { nodes }) =>
    nodes < 2 ? null : { type: "oneWay", node: dice.below(nodes), inbound: dice.chance(500) },
  strike(field, { node, inbound }, millis) {
    const one = [nodeOf(field, node)];
    const others = othersOf(field, ...one);
    cutFor(field, "oneWay", millis, () => [
      inbound
        ? field.world.partition(others, one, "forward")
        : field.world.partition(one, others, "forward"),
    ]);
  },
};

const cutPair: KindOf<"cutPair"> = {
  family: "network",
  lasts: [300, 8000],
  draw(dice, { nodes }) {
    if (nodes < 3) return null;
    const one = dice.below(nodes);
    return { type: "cutPair", one, other: (one + 1 + dice.below(nodes - 1)) % nodes };
  },
  strike(field, { one, other }, millis) {
    const [a, b] = [nodeOf(field, one), nodeOf(field, other)];
    if (a !== b) cutFor(field, "cutPair", millis, () => [field.world.partition([a], [b])]);
  },
};

const bridge: KindOf<"bridge"> = {
  family: "network",
  lasts: [500, 5000],
  draw: (dice, { nodes }) => (nodes < 3 ? null : { type: "bridge", middle: dice.below(nodes) }),
  strike(field, { middle }, millis) {
    const others = othersOf(field, nodeOf(field, middle));
    const half = Math.floor(others.length / 2);
    cutFor(field, "bridge", millis, () => [
      field.world.partition(others.slice(0, half), others.slice(half)),
    ]);
  },
};

const majorityRing: KindOf<"majorityRing"> = {
  family: "network",
  lasts: [500, 5000],
  draw: (_, { nodes }) => (nodes < 5 ? null : { type: "majorityRing" }),
  strike(field, _, millis) {
    const { nodes } = field.world;
    const reach = Math.floor(nodes.length / 4);
    cutFor(field, "majorityRing", millis, () =>
      nodes.map((node, at) => {
        const near = nodes.filter((_other, i) => {
          const gap = Math.abs(i - at);
          return Math.min(gap, nodes.length - gap) <= reach;
        });
        return field.world.partition([node], othersOf(field, ...near));
      }),
    );
  },
};

const flapping: KindOf<"flapping"> = {
  family: "network",
  lasts: [1000, 6000],
  draw: (dice, { nodes }) =>
    nodes < 2
      ? null
      : { type: "flapping", node: dice.below(nodes), periodMillis: dice.pick([60, 250, 700]) },
  strike(field, { node, periodMillis }, millis) {
    const one = [nodeOf(field, node)];
    for (let at = 0; at < millis; at += 2 * periodMillis)
      again(field, at, () =>
        cutFor(field, "flapping", periodMillis, () => [
          field.world.partition(one, othersOf(field, ...one)),
        ]),
      );
  },
};

const clog: KindOf<"clog"> = {
  family: "network",
  lasts: [200, 3000],
  draw: (dice, { nodes }) => (nodes < 2 ? null : { type: "clog", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const { network } = field.world;
    const one = nodeOf(field, node);
    const before = network.counts.clogged;
    const undo = othersOf(field, one).map((other) => network.clog(one.id, other.id));
    later(field, millis, () => {
      for (const free of undo) free();
      if (network.counts.clogged > before) field.bite("clog");
    });
  },
};

const slowLink: KindOf<"slowLink"> = {
  family: "network",
  lasts: [1000, 8000],
  draw(dice, { nodes }) {
    if (nodes < 2) return null;
    const one = dice.below(nodes);
    const other = (one + 1 + dice.below(nodes - 1)) % nodes;
    return { type: "slowLink", one, other, micros: dice.pick([30_000, 120_000, 700_000]) };
  },
  strike(field, { one, other, micros }, millis) {
    const { network } = field.world;
    const [a, b] = [nodeOf(field, one).id, nodeOf(field, other).id];
    if (a === b) return;
    const before = network.counts.slowed;
    const both = (delay: number): void => {
      network.slow(a, b, delay);
      network.slow(b, a, delay);
    };
    both(micros);
    later(field, millis, () => {
      both(0);
      if (network.counts.slowed > before) field.bite("slowLink");
    });
  },
};

/** One member is far away from all others: it follows, and ever further behind. */
const farAway: KindOf<"farAway"> = {
  family: "network",
  lasts: [5000, 20_000],
  draw: (dice, { nodes }) =>
    nodes < 2
      ? null
      : { type: "farAway", node: dice.below(nodes), micros: dice.pick([80_000, 160_000]) },
  strike(field, { node, micros }, millis) {
    const { network } = field.world;
    const far = nodeOf(field, node);
    const others = othersOf(field, far);
    const before = network.counts.slowed;
    const delay = (extra: number): void => {
      for (const other of others) {
        network.slow(far.id, other.id, extra);
        network.slow(other.id, far.id, extra);
      }
    };
    delay(micros);
    later(field, millis, () => {
      delay(0);
      if (network.counts.slowed > before) field.bite("farAway");
    });
  },
};

/** How often it is looked whether somebody leads now, and how long that one leads. */
const LOOK_MILLIS = 10;
const LED_MILLIS_MAX = 250;
/** Of a thousand of the other members, those that a leader which is struck still reaches. */
const REACHED_PER_MILLE = 250;

/**
 * Every leader has time to append something and to send it to a few, and is cut off from most before it has committed all
 * of it; when the next one is struck it comes back. So several leaders' entries lie beside each other (Raft, Figure 8). So
 * it goes to a leader that begins to follow another configuration, too.
 */
const deposeAgain: KindOf<"deposeAgain"> = {
  family: "network",
  lasts: [3000, 12_000],
  draw: (dice, { nodes }) =>
    nodes < 3 ? null : { type: "deposeAgain", luck: dice.below(1 << 30) },
  strike(field, { luck }, millis) {
    const { world } = field;
    const dice = new Dice(BigInt(luck));
    const until = world.agenda.now + millis * 1000;
    let known = "";
    let seen: { readonly leader: SimNode; readonly term: number; readonly config: unknown } | null =
      null;
    let heal = (): void => {};
    const cutOff = (leader: SimNode): void => {
      const before = heal;
      const left = othersOf(field, leader).filter(() => !dice.chance(REACHED_PER_MILLE));
      again(field, dice.between(0, 300), before);
      heal = field.world.partition([leader], left);
      field.bite("deposeAgain");
    };
    const look = (): void => {
      if (world.agenda.now >= until) return heal();
      const leader = world.leader();
      const leads = leader?.kernel?.replicaOf(DEFAULT_KEYSPACE) ?? null;
      if (leader !== null && leads !== null) {
        const { config } = leads;
        const { term } = leads.state;
        // Told as text only where something may differ: one configuration may come as two objects.
        const same = seen?.leader === leader && seen.term === term && seen.config === config;
        const found = same
          ? known
          : `${leader.name} ${term} ${Object.values(config).flat().join()}`;
        if (found !== known) again(field, dice.below(LED_MILLIS_MAX), () => cutOff(leader));
        known = found;
        seen = { leader, term, config };
      }
      again(field, LOOK_MILLIS, look);
    };
    look();
  },
};

/** Frames that the present faults of the whole network hit. */
const hit = ({ world }: Field): number => {
  const { lost, duplicated, reordered, altered, overflowed } = world.network.counts;
  return lost + duplicated + reordered + altered + overflowed;
};

const rough: KindOf<"rough"> = {
  family: "network",
  lasts: [500, 6000],
  draw(dice) {
    const kinds: readonly Partial<NetworkFaults>[] = [
      { lossPerMille: dice.pick([20, 100, 300]) },
      { duplicatePerMille: dice.pick([20, 200]) },
      { reorderPerMille: dice.pick([50, 300]) },
      { flipPerMille: dice.pick([2, 20]) },
      { garblePerMille: dice.pick([2, 20]) },
      { queueBytesMax: dice.pick([300, 2000]) },
      { lossPerMille: 50, duplicatePerMille: 50, reorderPerMille: 100, flipPerMille: 5 },
    ];
    return { type: "rough", network: dice.pick(kinds) };
  },
  strike(field, { network }, millis) {
    const { usual } = field.world.network;
    const before = hit(field);
    field.world.network.faults = { ...usual, ...network };
    later(field, millis, () => {
      // Once all is to heal the network is calmer than usual, and stays so.
      if (!field.over) field.world.network.faults = usual;
      if (hit(field) > before) field.bite("rough");
    });
  },
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
  slowLink,
  farAway,
  deposeAgain,
  rough,
} as const;
