import type { ZabRules } from "@quorate/kernel/zab";
import { idOf, ZabCluster } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

const three = (rules: Partial<ZabRules>): ZabCluster =>
  new ZabCluster({ replicas: 3, seed: 1n, rules });

/** S3 leads epoch 1, and `a` is delivered everywhere. */
const begun = (rules: Partial<ZabRules>): ZabCluster => three(rules).elect("S3").write("S3", "a");

/** S3 reports to S2 and to S5 before either has chosen an epoch: both choose 1, and ask for its promise. */
function askedByTwo(on: boolean): readonly string[] {
  const c = new ZabCluster({ replicas: 5, seed: 1n, rules: { promiseEpochOnce: on } });
  c.believe("S2", ["S1", "S3"]).deliver("FollowerInfo");
  c.net.deliver(({ to, message }) => to === idOf("S1") && message.type === "NewEpoch");
  c.deliver("AckEpoch");
  c.net.lose();
  c.believe("S5", ["S3", "S4"]).discover();
  c.net.lose(({ to }) => to === idOf("S3"));
  c.believeAgain("S1", "S5").establish();
  c.among("S1", "S2", "S3").believeAgain("S3", "S2").discover();
  c.believeAgain("S1", "S2");
  c.net.deliver();
  return c.violations;
}

/** S3 acknowledges NEWLEADER of epoch 2 behind a cut, and the cut is not on its disk. */
function cutLost(on: boolean): readonly string[] {
  const c = begun({ truncateFlushed: on });
  c.proposeAlone("S3", "x").crash("S3");
  c.among("S1", "S2").believe("S2", ["S1"]).discover();
  c.net.lose();
  c.restart("S3").among("S2", "S3").believeAgain("S3", "S2");
  c.establish().crash("S2", "S3").restart("S3");
  return c.among("S1", "S3").settle().violations;
}

/** `x` is committed without S1, and S1 is taken for the best. */
function wrongLeader(on: boolean): readonly string[] {
  const c = begun({ giveUpWhenFollowerAhead: on });
  c.among("S2", "S3").write("S3", "x").crash("S3");
  c.among("S1", "S2").believe("S1", ["S2"]);
  c.net.deliver();
  return c.settle().violations;
}

/** S1 has `x` of epoch 2 and loses its disk; S2, who leads epoch 1 and does not know better, rebuilds it. */
function rebuiltByOld(on: boolean): readonly string[] {
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

export const ZAB_SCHEDULES = {
  zabPromiseEpochOnce: {
    why: "two prospective leaders must choose the same epoch, and each hear of the same member before the other asks it",
    violations: askedByTwo,
  },
  zabTruncateFlushed: {
    why: "the cut and what follows it must be lost with the power after the acknowledgement has left and the epoch is established",
    violations: cutLost,
  },
  zabGiveUpWhenFollowerAhead: {
    why: "the election finds whoever is ahead, unless what a candidate said of itself is out of date",
    violations: wrongLeader,
  },
  zabRepairedByLaterEpoch: {
    why: "one that lost its records must meet the leader of an older epoch, which does not know yet that it is deposed",
    violations: rebuiltByOld,
  },
} satisfies Schedules;
