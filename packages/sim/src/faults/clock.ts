import { type KindOf, later, nodeOf } from "./fault.ts";

/** What lease reads are measured against: `clockDriftDivisor` 10, so two clocks may differ by a tenth. */
const BOUNDED_PER_MILLE = 40;
const UNBOUNDED_PER_MILLE = 400;

const drift: KindOf<"drift"> = {
  family: "clock",
  lasts: [2000, 15_000],
  draw(dice, { nodes, boundedClocks }) {
    const most = boundedClocks ? BOUNDED_PER_MILLE : UNBOUNDED_PER_MILLE;
    return { type: "drift", node: dice.below(nodes), ratePerMille: dice.between(-most, most) };
  },
  strike(field, { node, ratePerMille }, millis) {
    const victim = nodeOf(field, node);
    victim.retime((clock, micros) => clock.run(ratePerMille, micros));
    field.bite("drift");
    later(field, millis, () => victim.retime((clock, micros) => clock.run(clock.usual, micros)));
  },
};

const jump: KindOf<"jump"> = {
  family: "clock",
  lasts: [0, 0],
  draw(dice, { nodes, boundedClocks }) {
    if (boundedClocks) return null;
    return { type: "jump", node: dice.below(nodes), millis: dice.pick([300, 2000, 60_000]) };
  },
  strike(field, { node, millis }) {
    nodeOf(field, node).retime((clock, micros) => clock.jump(millis, micros));
    field.bite("jump");
  },
};

const freeze: KindOf<"freeze"> = {
  family: "clock",
  lasts: [300, 5000],
  draw: (dice, { nodes, boundedClocks }) =>
    boundedClocks ? null : { type: "freeze", node: dice.below(nodes) },
  strike(field, { node }, millis) {
    const victim = nodeOf(field, node);
    victim.retime((clock, micros) => clock.run(-1000, micros));
    field.bite("freeze");
    later(field, millis, () => victim.retime((clock, micros) => clock.run(clock.usual, micros)));
  },
};

const jumpWall: KindOf<"jumpWall"> = {
  family: "clock",
  lasts: [0, 0],
  draw: (dice, { nodes }) => ({
    type: "jumpWall",
    node: dice.below(nodes),
    millis: dice.pick([-3_600_000, -500, 500, 3_600_000]),
  }),
  strike(field, { node, millis }) {
    nodeOf(field, node).clock.jumpWall(millis);
    field.bite("jumpWall");
  },
};

export const CLOCK_FAULTS = { drift, jump, freeze, jumpWall } as const;
