import type { RaftRules } from "@quorate/kernel/raft";
import { type RaftCluster, SCHEDULED } from "@quorate/sim";
import { expect, it } from "vitest";
import {
  beforeJointChange,
  deposedReader,
  deposedWriter,
  figure8,
  hungLeader,
  lostVote,
  NEW,
  oldAppendAgain,
  shorterLog,
  twoCandidates,
  voteLostInCrash,
} from "./schedules.ts";

/** A schedule under which a rule is needed: what the checks find with it on, or off. */
type Schedule = (on: boolean) => readonly string[];

const then = (c: RaftCluster, go: (c: RaftCluster) => void): readonly string[] => {
  go(c);
  return c.violations;
};

/** A read that looks at less than is committed elsewhere. */
function stale({ c, looksAt }: ReturnType<typeof deposedReader>): readonly string[] {
  const committed = c.commitIndexOf("S2");
  return looksAt !== null && looksAt < committed
    ? [`Stale read: it looks at ${looksAt}, ${committed} is committed`]
    : [];
}

const SCHEDULES: readonly (readonly [
  rule: keyof RaftRules,
  schedule: Schedule,
  finding: string,
])[] = [
  ["persistBeforeReply", (on) => voteLostInCrash(on).violations, "Election Safety"],
  ["voteOncePerTerm", (on) => twoCandidates(on).violations, "Election Safety"],
  ["repairPastLostVotes", (on) => lostVote(on).violations, "State Machine Safety"],
  [
    "repairedByOwnTerm",
    (on) => SCHEDULED.repairedByOwnTerm?.violations(on) ?? [],
    "Leader Completeness",
  ],
  ["upToDateLog", (on) => shorterLog(on).violations, "Leader Completeness"],
  [
    "commitOnlyOwnTerm",
    (on) =>
      then(figure8(on), (c) => {
        c.crash("S1").restart("S5");
        c.elect("S5", { votes: ["S2", "S3", "S4"] });
      }),
    "Leader Completeness",
  ],
  [
    "truncateOnlyOnConflict",
    (on) => then(oldAppendAgain(on), (c) => c.crash("S1").elect("S2", { votes: ["S3"] })),
    "Leader Completeness",
  ],
  [
    "termCheck",
    (on) =>
      then(deposedWriter(on), (c) => {
        c.crash("S2");
        c.elect("S3", { votes: ["S1"] });
      }),
    "Leader Completeness",
  ],
  ["confirmReads", (on) => stale(deposedReader("readIndex", { confirmReads: on })), "Stale read"],
  [
    "leaseWithinBound",
    (on) => stale(deposedReader("lease", { leaseWithinBound: on })),
    "Stale read",
  ],
  [
    "changeNeedsOwnTerm",
    (on) => SCHEDULED.changeNeedsOwnTerm?.violations(on) ?? [],
    "State Machine Safety",
  ],
  [
    "jointNeedsBoth",
    (on) =>
      then(beforeJointChange(on), (c) => {
        c.change("S1", { voters: NEW }, 1);
        c.exchange("S1", ["S4", "S5"], () => true);
        c.net.lose();
        c.elect("S2", { votes: ["S3"] });
      }),
    "Leader Completeness",
  ],
  [
    "countSelfWhenDurable",
    (on) =>
      then(hungLeader(on), (c) => {
        c.crash("S1").restart("S1");
        c.elect("S3", { votes: ["S1"] });
      }),
    "Leader Completeness",
  ],
];

for (const [rule, schedule, finding] of SCHEDULES) {
  it(`${rule}: with the rule the schedule is harmless, without it the checks find ${finding}`, () => {
    expect(schedule(true)).toEqual([]);
    expect(schedule(false).join("\n")).toContain(finding);
  });
}
