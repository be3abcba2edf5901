import type { PaxosRules } from "@quorate/kernel/paxos";
import { SCHEDULED } from "@quorate/sim";
import { expect, it } from "vitest";
import {
  acceptanceLostInCrash,
  acceptedAndOutvoted,
  deposedReader,
  hungLeader,
  lostPromise,
  lowerBallot,
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

const SCHEDULES: readonly (readonly [
  rule: keyof PaxosRules,
  schedule: Schedule,
  finding: string,
])[] = [
  ["persistBeforeReply", (on) => acceptanceLostInCrash(on).violations, "State Machine Safety"],
  ["promiseHolds", (on) => lowerBallot(on).violations, "State Machine Safety"],
  ["adoptHighest", (on) => twoFound(on).violations, "State Machine Safety"],
  [
    "quorumOfOneBallot",
    (on) => SCHEDULED.paxosQuorumOfOneBallot?.violations(on) ?? [],
    "State Machine Safety",
  ],
  ["fillHoles", (on) => SCHEDULED.paxosFillHoles?.violations(on) ?? [], "State Machine Safety"],
  ["learnByBallot", (on) => acceptedAndOutvoted(on).violations, "State Machine Safety"],
  ["countSelfWhenDurable", (on) => hungLeader(on).violations, "State Machine Safety"],
  ["repairPastLostPromises", (on) => lostPromise(on).violations, "State Machine Safety"],
  [
    "repairedBySeeing",
    (on) => SCHEDULED.paxosRepairedBySeeing?.violations(on) ?? [],
    "State Machine Safety",
  ],
  [
    "slotsByOwnConfiguration",
    (on) => SCHEDULED.paxosSlotsByOwnConfiguration?.violations(on) ?? [],
    "State Machine Safety",
  ],
  [
    "prepareEveryConfiguration",
    (on) => SCHEDULED.paxosPrepareEveryConfiguration?.violations(on) ?? [],
    "State Machine Safety",
  ],
  [
    "promisedByIncoming",
    (on) => SCHEDULED.paxosPromisedByIncoming?.violations(on) ?? [],
    "State Machine Safety",
  ],
  [
    "oneChangeAtATime",
    (on) => SCHEDULED.paxosOneChangeAtATime?.violations(on) ?? [],
    "One Configuration per Slot",
  ],
  [
    "incomingToldFirst",
    (on) => SCHEDULED.paxosIncomingToldFirst?.violations(on) ?? [],
    "Stale read",
  ],
  ["backOff", (on) => SCHEDULED.paxosBackOff?.violations(on) ?? [], "nobody is established"],
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
