import { expect, it } from "vitest";
import { heal, randomSchedule } from "./random.ts";

const SEEDS = 80;

for (const replicas of [3, 5]) {
  it(`${replicas} replicas: whatever is lost, repeated, reordered or crashes, no slot is ever handed out with two commands, and afterwards the group goes on`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const c = randomSchedule({ seed, replicas, actions: 600 });
      expect(c.violations, `seed ${seed}`).toEqual([]);
      expect(heal(c), `seed ${seed} goes on`).toBe(true);
      expect(c.violations, `seed ${seed}, healed`).toEqual([]);
    }
  });

  it(`${replicas} replicas with small windows, messages and flows agree too`, () => {
    const settings = {
      alpha: 4,
      batchEntriesMax: 2,
      inflightMessagesMax: 2,
      decisions: "ride",
    } as const;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const c = randomSchedule({ seed, replicas, actions: 600, settings });
      expect(c.violations, `seed ${seed}`).toEqual([]);
      expect(heal(c), `seed ${seed} goes on`).toBe(true);
      expect(c.violations, `seed ${seed}, healed`).toEqual([]);
    }
  });
}

it("disks that lose records one after the other break nothing either", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const c = randomSchedule({ seed, replicas: 3, actions: 800, damage: true });
    expect(c.violations, `seed ${seed}`).toEqual([]);
    expect(heal(c), `seed ${seed} goes on`).toBe(true);
    expect(c.violations, `seed ${seed}, healed`).toEqual([]);
  }
});

it("members that change again and again, and as many as may, break nothing either", () => {
  let changes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const settings = { alpha: 4, decisions: seed % 2 === 0 ? "ride" : "eager" } as const;
    const c = randomSchedule({ seed, replicas: 5, actions: 800, members: true, settings });
    expect(c.violations, `seed ${seed}`).toEqual([]);
    expect(heal(c), `seed ${seed} goes on`).toBe(true);
    expect(c.violations, `seed ${seed}, healed`).toEqual([]);
    changes += Math.max(...c.names.map((name) => (c.config(name).slots?.from ?? 0) && 1));
  }
  expect(changes).toBeGreaterThan(SEEDS / 2);
});
