import type { SimNode } from "../world/sim-node.ts";
import { again, bootLater, type Field, type KindOf, later, nodeOf } from "./fault.ts";

const crash: KindOf<"crash"> = {
  family: "node",
  lasts: [100, 4000],
  draw: (dice, { nodes }) => ({
    type: "crash",
    node: dice.below(nodes),
    power: dice.chance(500),
  }),
  strike(field, { node, power }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    victim.crash(power);
    field.bite("crash");
    bootLater(field, victim, millis);
  },
};

const crashAll: KindOf<"crashAll"> = {
  family: "node",
  lasts: [50, 1000],
  draw: (dice) => ({ type: "crashAll", power: dice.chance(800) }),
  strike(field, { power }, millis) {
    for (const node of field.world.nodes) {
      if (!node.isUp) continue;
      node.crash(power);
      field.bite("crashAll");
      bootLater(field, node, millis);
    }
  },
};

const crashLoop: KindOf<"crashLoop"> = {
  family: "node",
  lasts: [500, 4000],
  draw: (dice, { nodes }) => ({
    type: "crashLoop",
    node: dice.below(nodes),
    times: dice.between(2, 6),
  }),
  strike(field, { node, times }, millis) {
    const victim = nodeOf(field, node);
    const step = Math.max(2, Math.floor(millis / times));
    for (let i = 0; i < times; i++) {
      again(field, i * step, () => {
        if (!victim.isUp) return;
        victim.crash(i % 2 === 0);
        field.bite("crashLoop");
        bootLater(field, victim, step / 2);
      });
    }
  },
};

const vanish: KindOf<"vanish"> = {
  family: "node",
  lasts: [300, 5000],
  draw: (dice, { nodes }) => ({ type: "vanish", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    victim.crash(true, true);
    field.bite("vanish");
    bootLater(field, victim, millis);
  },
};

/** Counts as bitten when the process had something to do meanwhile. */
function stop(field: Field, victim: SimNode, millis: number, bitten: () => void): void {
  if (!victim.isUp) return;
  const before = victim.delayed;
  victim.pause(millis * 1000);
  later(field, millis, () => {
    if (victim.delayed > before) bitten();
  });
}

const pause: KindOf<"pause"> = {
  family: "node",
  lasts: [300, 12_000],
  draw: (dice, { nodes }) => ({ type: "pause", node: dice.below(nodes) }),
  strike(field, { node }, millis) {
    stop(field, nodeOf(field, node), millis, () => field.bite("pause"));
  },
};

const pauseLeader: KindOf<"pauseLeader"> = {
  family: "node",
  lasts: [800, 8000],
  draw: () => ({ type: "pauseLeader" }),
  strike(field, _, millis) {
    const leader = field.world.leader();
    if (leader !== null) stop(field, leader, millis, () => field.bite("pauseLeader"));
  },
};

const stutter: KindOf<"stutter"> = {
  family: "node",
  lasts: [1000, 5000],
  draw: (dice, { nodes }) => ({
    type: "stutter",
    node: dice.below(nodes),
    stops: dice.between(2, 8),
  }),
  strike(field, { node, stops }, millis) {
    const victim = nodeOf(field, node);
    const step = millis / stops;
    for (let i = 0; i < stops; i++)
      again(field, i * step, () => stop(field, victim, step * 0.7, () => field.bite("stutter")));
  },
};

const slowNode: KindOf<"slowNode"> = {
  family: "node",
  lasts: [1000, 6000],
  draw: (dice, { nodes }) => ({
    type: "slowNode",
    node: dice.below(nodes),
    factor: dice.pick([20, 100, 1000]),
  }),
  strike(field, { node, factor }, millis) {
    const victim = nodeOf(field, node);
    if (!victim.isUp) return;
    const before = victim.delayed;
    victim.slow(factor);
    later(field, millis, () => {
      victim.slow(1);
      if (victim.delayed > before) field.bite("slowNode");
    });
  },
};

export const NODE_FAULTS = {
  crash,
  crashAll,
  crashLoop,
  vanish,
  pause,
  pauseLeader,
  stutter,
  slowNode,
} as const;
