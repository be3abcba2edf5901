import type { ReadLevel } from "@quorate/kernel/core";
import { idOf, PaxosCluster, put } from "@quorate/sim";

/** S3 accepts a command and loses power before its disk has synced; S2 prepares with it. */
export function acceptanceLostInCrash(persistBeforeReply: boolean): PaxosCluster {
  const c = new PaxosCluster({ replicas: 3, rules: { persistBeforeReply }, seed: 1n });
  c.elect("S1").reaches("S1");
  c.net.holdSync(idOf("S3"));
  c.propose("S1", put("x", "a"));
  c.exchange("S1", ["S3"], () => true);
  c.net.lose();
  c.crash("S3").restart("S3");
  return c.elect("S2", ["S3"]).reaches("S2", ["S3"]);
}

/** S2 leads a higher ballot and has something chosen with S3; S1 does not know, and asks S3 to accept at the same slot. */
export function lowerBallot(promiseHolds: boolean): PaxosCluster {
  const rules = { promiseHolds, checkQuorum: false };
  const c = new PaxosCluster({ replicas: 3, rules, seed: 2n });
  c.elect("S1").reaches("S1");
  c.elect("S2", ["S3"]).reaches("S2", ["S3"]);
  c.propose("S1", put("x", "a"));
  c.exchange("S1", ["S3"], () => true);
  return c;
}

/** S1 has accepted a command under its ballot; S2 and S3 accepted another under a higher one; S1 hears both. */
export function twoFound(adoptHighest: boolean): PaxosCluster {
  const c = new PaxosCluster({ replicas: 3, rules: { adoptHighest }, seed: 3n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a")).net.lose();
  c.elect("S2", ["S3"]);
  c.net.pass(1).wake(idOf("S2"));
  c.exchange(
    "S2",
    ["S3"],
    ({ message: { type } }) => type === "Accept" || type === "AcceptedSlots",
  );
  c.net.lose();
  c.crash("S1").restart("S1");
  return c.elect("S1", ["S3"]).reaches("S1", ["S3"]);
}

/** S3 accepted a command of S1 that came to nothing; S2, of a higher ballot, tells it that the slot is decided. */
export function acceptedAndOutvoted(learnByBallot: boolean): PaxosCluster {
  const c = new PaxosCluster({ replicas: 5, rules: { learnByBallot }, seed: 6n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a"));
  c.exchange("S1", ["S3"], () => true);
  c.net.lose();
  c.elect("S2", ["S4", "S5"]).reaches("S2", ["S4", "S5"]);
  c.net.pass(c.settings.heartbeatTicks).wake(idOf("S2"));
  c.exchange("S2", ["S3"], ({ message }) => message.type === "Heartbeat");
  return c;
}

/** The leader's own disk hangs: the command is on one other disk, and in the leader's memory. */
export function hungLeader(countSelfWhenDurable: boolean): PaxosCluster {
  const c = new PaxosCluster({ replicas: 3, rules: { countSelfWhenDurable }, seed: 7n });
  c.elect("S1").reaches("S1");
  c.net.holdSync(idOf("S1"));
  c.propose("S1", put("x", "a"));
  c.exchange("S1", ["S2"], () => true);
  c.net.lose();
  c.crash("S1").restart("S1");
  return c.elect("S3", ["S1"]).reaches("S3", ["S1"]);
}

/**
 * The schedule of `startRepairing`: S4 is promised a high ballot by S5, which then loses its disk. S1, of a lower one, has a slot
 * chosen by S1, S2 and S3, and S5 sees it. S1 writes again, with S2 and S5; then S3 promises S4 its ballot.
 */
export function lostPromise(repairPastLostPromises: boolean): PaxosCluster {
  const rules = { repairPastLostPromises, preVote: false, checkQuorum: false };
  const c = new PaxosCluster({ replicas: 5, rules, seed: 8n });
  c.elect("S1", ["S2", "S3"]).reaches("S1", ["S2", "S3"]);
  c.net.pass(2 * c.settings.electionTicksMax).wake(idOf("S4"));
  const asked = c.captured("S3", "Prepare");
  c.exchange("S4", ["S5"], () => true);
  c.net.lose();
  c.repair("S5", c.recordsOf("S5"));
  c.propose("S1", put("x", "a")).reaches("S1", ["S2", "S3"]);
  c.reaches("S1", ["S5"], 4);
  c.propose("S1", put("x", "b")).reaches("S1", ["S2", "S5"]);
  c.net.arrive(asked);
  c.exchange("S4", ["S3", "S5"], () => true);
  return c.reaches("S4", ["S3", "S5"], 3);
}

/** S1 led until now and does not know of S2, which has had a write chosen; S1 is read. Gives where that read looks. */
export function deposedReader(
  level: ReadLevel,
  rules: { readonly confirmReads?: boolean; readonly leaseWithinBound?: boolean },
): { readonly c: PaxosCluster; readonly looksAt: number | null } {
  const c = new PaxosCluster({
    replicas: 3,
    rules: { ...rules, checkQuorum: false },
    settings: { leaseReads: level === "lease" },
    seed: 10n,
  });
  c.elect("S1").reaches("S1", ["S2", "S3"], 2);
  c.elect("S2", ["S3"]).reaches("S2", ["S3"]);
  c.propose("S2", put("x", "b")).reaches("S2", ["S3"]);
  return { c, looksAt: c.read("S1", level) };
}
