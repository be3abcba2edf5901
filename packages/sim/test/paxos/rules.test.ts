import type { PaxosRules } from "@quorate/kernel/paxos";
import { expect, it } from "vitest";
import {
  acceptanceLostInCrash,
  acceptedAndOutvoted,
  deposedReader,
  holeFound,
  hungLeader,
  lateAcceptance,
  lostPromise,
  lowerBallot,
  rebuiltInPart,
  twoFound,
} from "./schedules.ts";

/** A schedule under which a rule is needed: what the checks find with it on, or off. */
type Schedule = (on: boolean) => readonly string[];

/** A read that looks at less than is chosen elsewhere. */
function stale({ c, looksAt }: ReturnType<typeof deposedReader>): readonly string[] {
  const chosen = c.decidedOf("S2");
  return looksAt !== null && looksAt < chosen
    ? [`Stale read: it looks at ${looksAt}, ${chosen} is chosen`]
    : [];
}

function afterRebuilding(on: boolean): readonly string[] {
  const c = rebuiltInPart(on);
  return c.crash("S1").stand("S2", ["S3"]).reaches("S2", ["S3"]).violations;
}

const SCHEDULES: readonly (readonly [
  rule: keyof PaxosRules,
  schedule: Schedule,
  finding: string,
])[] = [
  ["persistBeforeReply", (on) => acceptanceLostInCrash(on).violations, "Agreement"],
  ["promiseHolds", (on) => lowerBallot(on).violations, "Agreement"],
  ["adoptHighest", (on) => twoFound(on).violations, "Agreement"],
  ["quorumOfOneBallot", (on) => lateAcceptance(on).violations, "Agreement"],
  ["fillHoles", (on) => holeFound(on).violations, "Agreement"],
  ["learnByBallot", (on) => acceptedAndOutvoted(on).violations, "Agreement"],
  ["countSelfWhenDurable", (on) => hungLeader(on).violations, "Agreement"],
  ["repairPastLostPromises", (on) => lostPromise(on).violations, "Agreement"],
  ["repairedBySeeing", afterRebuilding, "Agreement"],
  ["confirmReads", (on) => stale(deposedReader("readIndex", { confirmReads: on })), "Stale read"],
  [
    "leaseWithinBound",
    (on) => stale(deposedReader("lease", { leaseWithinBound: on })),
    "Stale read",
  ],
];

for (const [rule, schedule, finding] of SCHEDULES) {
  it(`${rule}: with the rule the schedule is harmless, without it the checks find ${finding}`, () => {
    expect(schedule(true)).toEqual([]);
    expect(schedule(false).join("\n")).toContain(finding);
  });
}
