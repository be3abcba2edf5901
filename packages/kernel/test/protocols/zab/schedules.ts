import type { ZabRules } from "@quorate/kernel/zab";
import { idOf, ZabCluster } from "@quorate/sim";

/** A schedule under which a rule is needed: what the checks find with it on, or off. */
export type Schedule = (on: boolean) => readonly string[];

const three = (rules: Partial<ZabRules>): ZabCluster =>
  new ZabCluster({ replicas: 3, seed: 1n, rules });

/** S3 leads epoch 1, and `a` is delivered everywhere. */
export function begun(rules: Partial<ZabRules> = {}): ZabCluster {
  const c = three(rules);
  return c.elect("S3").write("S3", "a");
}

/** Phase 1 between those who were brought together, and no more. */
const DISCOVERY = ["FollowerInfo", "NewEpoch", "AckEpoch"] as const;

/** Phases 1 and 2, until the epoch is established: UPTODATE and the first proposal get lost. */
function establish(c: ZabCluster): ZabCluster {
  c.deliver(...DISCOVERY, "Truncate", "HistoryEnd", "Proposal", "Acknowledgement", "NewLeader");
  c.deliver("AckNewLeader");
  c.net.lose();
  return c;
}

/** S2 acknowledges `x`, which its disk does not hold yet, and loses it. */
export function acknowledgedAndLost(on: boolean): readonly string[] {
  const c = begun({ persistBeforeReply: on });
  c.net.holdSync(idOf("S2"));
  c.among("S2", "S3").write("S3", "x");
  c.crash("S2", "S3").restart("S2");
  return c.among("S1", "S2").settle().violations;
}

/** S1 promises epoch 1 to S2, forgets it in a crash, and promises it to S3. */
export function promisedTwice(on: boolean): readonly string[] {
  const c = three({ persistAcceptedEpoch: on });
  c.among("S1", "S2")
    .believe("S2", ["S1"])
    .deliver(...DISCOVERY);
  c.crash("S1").restart("S1");
  c.among("S1", "S3").believe("S3", ["S1"]);
  c.net.deliver();
  c.write("S3", "x").crash("S3");
  c.among("S1", "S2").believeAgain("S1", "S2");
  c.net.deliver();
  return c.write("S2", "y").violations;
}

/** S3 reports to S2 and to S5 before either has chosen an epoch: both choose 1, and ask for its promise. */
export function askedByTwo(on: boolean): readonly string[] {
  const c = new ZabCluster({ replicas: 5, seed: 1n, rules: { promiseEpochOnce: on } });
  c.believe("S2", ["S1", "S3"]).deliver("FollowerInfo");
  c.net.deliver(({ to, message }) => to === idOf("S1") && message.type === "NewEpoch");
  c.deliver("AckEpoch");
  c.net.lose();
  c.believe("S5", ["S3", "S4"]).deliver(...DISCOVERY);
  c.net.lose(({ to }) => to === idOf("S3"));
  establish(c.believeAgain("S1", "S5"));
  c.among("S1", "S2", "S3")
    .believeAgain("S3", "S2")
    .deliver(...DISCOVERY);
  c.believeAgain("S1", "S2");
  c.net.deliver();
  return c.violations;
}

/** Epoch 3 is established without `x`, which S2 has of epoch 2; then S3 forgets that it followed epoch 3. */
export function forgottenEpoch(on: boolean): readonly string[] {
  const c = begun({ persistCurrentEpoch: on });
  c.crash("S3").elect("S2", ["S1", "S2"]).proposeAlone("S2", "x").crash("S2");
  c.restart("S3").among("S1", "S3").believe("S1", ["S3"]);
  establish(c).crash("S1", "S3").restart("S2", "S3");
  return c.among("S2", "S3").settle().violations;
}

/** S3 has `x` of epoch 1, and epoch 2 begins without it. */
export function cutTail(on: boolean): readonly string[] {
  const c = begun({ truncate: on });
  c.proposeAlone("S3", "x").crash("S3");
  c.elect("S2", ["S1", "S2"]).write("S2", "b");
  c.restart("S3").heal().settle();
  return c.violations;
}

/** S3 acknowledges NEWLEADER of epoch 2 behind a cut, and the cut is not on its disk. */
export function cutLost(on: boolean): readonly string[] {
  const c = begun({ truncateFlushed: on });
  c.proposeAlone("S3", "x").crash("S3");
  c.among("S1", "S2")
    .believe("S2", ["S1"])
    .deliver(...DISCOVERY);
  c.net.lose();
  c.restart("S3").among("S2", "S3").believeAgain("S3", "S2");
  establish(c).crash("S2", "S3").restart("S3");
  return c.among("S1", "S3").settle().violations;
}

/** S3 leads anew with `x` in its history, which nobody else has when it begins to broadcast. */
export function broadcastTooEarly(on: boolean): readonly string[] {
  const c = begun({ syncBeforeBroadcast: on });
  c.proposeAlone("S3", "x").crash("S3").restart("S3");
  c.among("S1", "S3")
    .believe("S3", ["S1"])
    .deliver(...DISCOVERY);
  c.net.lose();
  c.crash("S3");
  return c.among("S1", "S2").settle().violations;
}

/** S1 joins, and `x` is proposed between its NEWLEADER and its UPTODATE, while S2 is away. */
export function proposedMeanwhile(on: boolean): readonly string[] {
  const c = begun({ laterProposalsToJoiner: on });
  c.crash("S1").restart("S1").believeAgain("S1", "S3");
  c.deliver("FollowerInfo", "NewEpoch", "AckEpoch", "NewLeader");
  c.among("S1", "S3").propose("S3", "x");
  c.net.deliver();
  c.crash("S3");
  return c.among("S1", "S2").settle().violations;
}

/** S3 is alone, and proposes. */
export function deliveredAlone(on: boolean): readonly string[] {
  const c = begun({ commitByMajority: on });
  c.proposeAlone("S3", "x").crash("S3");
  return c.among("S1", "S2").settle().violations;
}

/** `x` is committed without S1, and S1 is taken for the best. */
export function wrongLeader(on: boolean): readonly string[] {
  const c = begun({ giveUpWhenFollowerAhead: on });
  c.among("S2", "S3").write("S3", "x").crash("S3");
  c.among("S1", "S2").believe("S1", ["S2"]);
  c.net.deliver();
  return c.settle().violations;
}

/** S1 has `x` of epoch 2 and loses its disk; S2, who leads epoch 1 and does not know better, rebuilds it. */
export function rebuiltByOld(on: boolean): readonly string[] {
  const c = three({ repairedByLaterEpoch: on });
  c.among("S1", "S2", "S3").believe("S2", ["S1", "S3"]);
  c.net.deliver();
  c.among("S1", "S3").believe("S3", ["S1"]);
  c.net.deliver();
  c.write("S3", "x").crash("S3");
  c.repair("S1", 100).among("S1", "S2").believeAgain("S1", "S2");
  c.net.deliver();
  return c.write("S2", "y").violations;
}
