import {
  type Availability,
  availabilityOf,
  NO_CUTS,
  planOf,
  type RunOptions,
  type RunPlan,
} from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** Three nodes in a calm world. After two seconds the leader is alone for five. */
function isolated(reads: RunPlan["reads"]): Availability {
  const options: RunOptions = { nodes: 3, reads, faults: [] };
  const plan = planOf({ seed: 4n, options, cuts: { ...NO_CUTS, straight: true } });
  const episodes = [{ at: 2000, millis: 5000, fault: { type: "isolateLeader" } as const }];
  return availabilityOf({ ...plan, episodes });
}

describe("G7: availability when the leader is cut off", () => {
  const [strict, lease, local] = [isolated("readIndex"), isolated("lease"), isolated("local")];

  it("the majority goes on after an election, and what stood still is measured", () => {
    expect(strict.recoveries).toHaveLength(1);
    const [recovery = 0] = strict.recoveries;
    // Election time-outs are 500 to 1000 ms.
    expect(recovery).toBeGreaterThan(300_000);
    expect(recovery).toBeLessThan(3_000_000);
    expect(strict.longestMicros).toBeGreaterThanOrEqual(recovery - 100_000);
    expect(strict.longestMicros).toBeLessThan(3_000_000);
    const { ok, refused, unanswered } = strict.answers.write.majority;
    expect(ok).toBeGreaterThan(10 * (refused + unanswered));
  });

  it("in the minority no write is answered with success, whatever the reads", () => {
    for (const { answers, lost } of [strict, lease, local]) {
      const { ok, refused, unanswered } = answers.write.minority;
      expect(ok).toBe(0);
      expect(refused + unanswered).toBeGreaterThan(20);
      expect(lost).toBe(0);
    }
  });

  it("reads there are answered never, until the lease ends, or always: as the profile has it", () => {
    expect(strict.answers.read.minority.ok).toBe(0);
    expect(lease.answers.read.minority.ok).toBeGreaterThan(0);
    expect(lease.answers.read.minority.refused).toBeGreaterThan(0);
    const { ok, refused, unanswered } = local.answers.read.minority;
    expect(ok).toBeGreaterThan(20);
    expect(refused + unanswered).toBe(0);
  });
});

it("G7: time in which no majority could go on is nobody's delay", () => {
  const options: RunOptions = { nodes: 3, faults: [] };
  const plan = planOf({ seed: 4n, options, cuts: { ...NO_CUTS, straight: true } });
  const episodes = [{ at: 3000, millis: 4000, fault: { type: "crashAll", power: false } as const }];
  const { longestMicros, recoveries, answers } = availabilityOf({ ...plan, episodes });
  expect(recoveries).toEqual([]);
  expect(longestMicros).toBeLessThan(3_000_000);
  expect(answers.write.majority.ok).toBeGreaterThan(100);
});
