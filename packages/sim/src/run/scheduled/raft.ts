import { RaftCluster } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

/**
 * Four voters; S1 adds S5 and reaches nobody else; S2 leads the next term and removes S1, reaching only S3; S1 comes
 * back. {S1, S4, S5} is a majority of five, {S2, S3} of three (Ongaro's note of 2015).
 */
export function twoChanges(changeNeedsOwnTerm: boolean): RaftCluster {
  const rules = { changeNeedsOwnTerm };
  const c = new RaftCluster({ replicas: 5, voters: ["S1", "S2", "S3", "S4"], rules, seed: 7n });
  c.elect("S1").replicate("S1").replicate("S1");
  c.change("S1", { voters: ["S1", "S2", "S3", "S4", "S5"] }, 1);
  c.exchange("S1", ["S5"], () => true);
  c.crash("S1");
  c.elect("S2", { votes: ["S3", "S4"] });
  return c;
}

export const RAFT_SCHEDULES = {
  changeNeedsOwnTerm: {
    why: "a node proposes no second change before every group has made the first, so two of them never compete",
    violations(on) {
      const c = twoChanges(on);
      c.change("S2", { voters: ["S2", "S3", "S4"] }, 2);
      c.replicate("S2", ["S3"]);
      c.restart("S1");
      for (let i = 0; i < 4; i++) c.stand("S1", ["S4", "S5"]);
      if (c.leaders().includes("S1")) c.replicate("S1", ["S4", "S5"]);
      return c.violations;
    },
  },
} satisfies Schedules;
