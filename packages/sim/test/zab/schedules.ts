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
  c.among("S1", "S2").believe("S2", ["S1"]).discover();
  c.crash("S1").restart("S1");
  c.among("S1", "S3").believe("S3", ["S1"]);
  c.net.deliver();
  c.write("S3", "x").crash("S3");
  c.among("S1", "S2").believeAgain("S1", "S2");
  c.net.deliver();
  return c.write("S2", "y").violations;
}

/** Epoch 3 is established without `x`, which S2 has of epoch 2; then S3 forgets that it followed epoch 3. */
export function forgottenEpoch(on: boolean): readonly string[] {
  const c = begun({ persistCurrentEpoch: on });
  c.crash("S3").elect("S2", ["S1", "S2"]).proposeAlone("S2", "x").crash("S2");
  c.restart("S3").among("S1", "S3").believe("S1", ["S3"]);
  c.establish().crash("S1", "S3").restart("S2", "S3");
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

/** S3 leads anew with `x` in its history, which nobody else has when it begins to broadcast. */
export function broadcastTooEarly(on: boolean): readonly string[] {
  const c = begun({ syncBeforeBroadcast: on });
  c.proposeAlone("S3", "x").crash("S3").restart("S3");
  c.among("S1", "S3").believe("S3", ["S1"]).discover();
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
