import type { Member } from "../cluster/index.ts";
import { lasting } from "../wait.ts";
import { type Bite, type Field, type KindOf, memberOf, noBite } from "./fault.ts";

const NO_LEADER = noBite("nobody led");
const here = (): null => null;

/** Has the member for itself while it works on it. */
async function claimed(member: Member, work: () => Promise<Bite>): Promise<Bite> {
  const release = member.claim();
  if (release === null) return noBite(`${member.name} had another fault`);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Down for so long. */
const down = ({ until }: Field, member: Member, millis: number): Promise<Bite> =>
  claimed(member, async () => {
    if (!(await member.kill())) return noBite(`${member.name} was down`);
    await lasting(millis, until);
    member.boot();
    return { times: 1, note: member.name };
  });

/** Stands still for so long. */
const still = ({ until }: Field, member: Member, millis: number): Promise<Bite> =>
  claimed(member, async () => {
    if (!member.pause()) return noBite(`${member.name} was down`);
    await lasting(millis, until);
    member.resume();
    return { times: 1, note: member.name };
  });

const crash: KindOf<"crash"> = {
  family: "process",
  lasts: [100, 5000],
  draw: (dice, { nodes }) => ({ type: "crash", node: dice.below(nodes) }),
  missing: here,
  strike: (field, { node }, millis) => down(field, memberOf(field, node), millis),
};

const crashLeader: KindOf<"crashLeader"> = {
  family: "process",
  lasts: [100, 5000],
  draw: () => ({ type: "crashLeader" }),
  missing: here,
  async strike(field, _, millis) {
    const leader = await field.cluster.leader();
    return leader === null ? NO_LEADER : down(field, leader, millis);
  },
};

const crashAll: KindOf<"crashAll"> = {
  family: "process",
  lasts: [50, 2000],
  draw: () => ({ type: "crashAll" }),
  missing: here,
  async strike(field, _, millis) {
    const bites = await Promise.all(
      field.cluster.members.map((member) => down(field, member, millis)),
    );
    return sumOf(bites);
  },
};

const crashLoop: KindOf<"crashLoop"> = {
  family: "process",
  lasts: [3000, 9000],
  draw: (dice, { nodes }) => ({
    type: "crashLoop",
    node: dice.below(nodes),
    times: dice.between(2, 5),
  }),
  missing: here,
  async strike(field, { node, times }, millis) {
    const bites: Bite[] = [];
    for (let i = 0; i < times && !field.until.aborted; i++) {
      bites.push(await down(field, memberOf(field, node), millis / times / 3));
      await lasting((2 * millis) / times / 3, field.until);
    }
    return sumOf(bites);
  },
};

const pause: KindOf<"pause"> = {
  family: "process",
  lasts: [200, 9000],
  draw: (dice, { nodes }) => ({ type: "pause", node: dice.below(nodes) }),
  missing: here,
  strike: (field, { node }, millis) => still(field, memberOf(field, node), millis),
};

const pauseLeader: KindOf<"pauseLeader"> = {
  family: "process",
  lasts: [800, 7000],
  draw: () => ({ type: "pauseLeader" }),
  missing: here,
  async strike(field, _, millis) {
    const leader = await field.cluster.leader();
    return leader === null ? NO_LEADER : still(field, leader, millis);
  },
};

const stutter: KindOf<"stutter"> = {
  family: "process",
  lasts: [1500, 5000],
  draw: (dice, { nodes }) => ({
    type: "stutter",
    node: dice.below(nodes),
    stops: dice.between(4, 12),
  }),
  missing: here,
  async strike(field, { node, stops }, millis) {
    const bites: Bite[] = [];
    for (let i = 0; i < stops && !field.until.aborted; i++) {
      bites.push(await still(field, memberOf(field, node), (millis / stops) * 0.7));
      await lasting((millis / stops) * 0.3, field.until);
    }
    return sumOf(bites);
  },
};

const sumOf = (bites: readonly Bite[]): Bite => ({
  times: bites.reduce((sum, { times }) => sum + times, 0),
  note: [...new Set(bites.map(({ note }) => note))].join(", "),
});

export const PROCESS_FAULTS = {
  crash,
  crashLeader,
  crashAll,
  crashLoop,
  pause,
  pauseLeader,
  stutter,
} as const;
