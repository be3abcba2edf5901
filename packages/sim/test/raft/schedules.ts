import type { ReadLevel } from "@quorate/kernel/core";
import { idOf, type Name, put, RaftCluster } from "@quorate/sim";

/** As drawn: index 1 is everywhere, and leaders append no entry of their own when elected. */
export function figure8(commitOnlyOwnTerm: boolean): RaftCluster {
  const rules = { noopOnElection: false, commitOnlyOwnTerm };
  const c = new RaftCluster({ replicas: 5, rules, log: [1], seed: 8n });

  c.elect("S1", { term: 2 });
  c.propose("S1", put("x", "a")).reaches("S2");
  c.crash("S1");
  c.elect("S5", { term: 3, votes: ["S3", "S4"] });
  c.propose("S5", put("x", "b")).reaches();
  c.crash("S5").restart("S1");
  c.elect("S1", { term: 4, votes: ["S2", "S3"] });
  c.replicate("S1", ["S2", "S3"]);
  return c;
}

/** S3 votes for S1, loses power before its disk has synced, and is asked by S2 for a vote in the same term. */
export function voteLostInCrash(persistBeforeReply: boolean): RaftCluster {
  const c = new RaftCluster({
    replicas: 3,
    rules: { persistBeforeReply, preVote: false },
    seed: 3n,
  });
  c.net.holdSync(idOf("S3"));
  c.stand("S1", ["S3"]);
  c.crash("S3").restart("S3");
  c.stand("S2", ["S3"]);
  return c;
}

/** S2 acknowledged two entries; then an append that held only the first comes once more. */
export function oldAppendAgain(truncateOnlyOnConflict: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { truncateOnlyOnConflict }, seed: 4n });
  c.elect("S1").replicate("S1");
  c.propose("S1", put("x", "a"));
  const old = c.captured("S2", "AppendEntries");
  c.net.deliver();
  c.propose("S1", put("x", "b")).reaches("S2");
  c.net.arrive(old).lose();
  return c;
}

/** The leader's own disk hangs: the entry is on one follower's disk, and in the leader's memory. */
export function hungLeader(countSelfWhenDurable: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { countSelfWhenDurable }, seed: 5n });
  c.elect("S1").replicate("S1");
  c.net.holdSync(idOf("S1"));
  c.propose("S1", put("x", "a")).reaches("S2");
  return c;
}

const OLD: readonly Name[] = ["S1", "S2", "S3"];
export const NEW: readonly Name[] = ["S3", "S4", "S5"];

/** S1 leads {S1, S2, S3} and is about to hand the group over to {S3, S4, S5}, which have caught up as learners. */
export function beforeJointChange(jointNeedsBoth: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 5, voters: OLD, rules: { jointNeedsBoth }, seed: 8n });
  c.elect("S1").replicate("S1").replicate("S1");
  return c;
}

/** S1 and S2 ask S3 for its vote in the same term. */
export function twoCandidates(voteOncePerTerm: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { voteOncePerTerm, preVote: false }, seed: 9n });
  c.stand("S1", ["S3"]);
  c.stand("S2", ["S3"]);
  return c;
}

/** S1 and S2 hold a committed entry; S1 dies, and S3, which never heard of it, asks S2 for its vote. */
export function shorterLog(upToDateLog: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { upToDateLog }, seed: 10n });
  c.elect("S1").replicate("S1");
  c.propose("S1", put("x", "a")).reaches("S2");
  c.crash("S1");
  c.stand("S3", ["S2"]);
  return c;
}

/**
 * S2 leads term 2 by the vote of S1, and S3 does not know. Then S1 leads term 3 by the vote of S3, and commits with it.
 * S3 loses all it recorded of that, and comes back while S1 is away: S2, which still leads term 2, writes.
 */
export function lostVote(repairPastLostVotes: boolean): RaftCluster {
  const rules = { repairPastLostVotes, checkQuorum: false };
  const c = new RaftCluster({ replicas: 3, rules, seed: 13n });
  c.elect("S1").replicate("S1");
  const before = c.recordsOf("S3");
  c.crash("S1").restart("S1");
  c.elect("S2", { votes: ["S1"] });
  c.elect("S1", { votes: ["S3"] });
  c.propose("S1", put("x", "a")).reaches("S3");
  c.repair("S3", c.recordsOf("S3") - before);
  c.propose("S2", put("x", "b")).reaches("S3");
  return c;
}

/** S2 leads term 2 and commits with S3; S1, which still leads term 1, writes to S3. */
export function deposedWriter(termCheck: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { termCheck, checkQuorum: false }, seed: 11n });
  c.elect("S1").replicate("S1");
  c.elect("S2", { votes: ["S3"] });
  c.propose("S2", put("x", "b")).reaches("S3");
  c.propose("S1", put("x", "a")).reaches("S3");
  return c;
}

/** S1 led until now and does not know of S2, which committed a write; S1 is read. Gives where that read looks. */
export function deposedReader(
  level: ReadLevel,
  rules: { readonly confirmReads?: boolean; readonly leaseWithinBound?: boolean },
): { readonly c: RaftCluster; readonly looksAt: number | null } {
  const settings = { leaseReads: level === "lease" };
  const c = new RaftCluster({
    replicas: 3,
    rules: { ...rules, checkQuorum: false },
    settings,
    seed: 12n,
  });
  c.elect("S1").replicate("S1");
  c.net.run(200);
  c.elect("S2", { votes: ["S3"] });
  c.propose("S2", put("x", "b")).reaches("S3");
  return { c, looksAt: c.read("S1", level) };
}
