import { idOf, put, RaftCluster } from "../../stepper/index.ts";
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

/**
 * S1 commits with S3, which loses all its records; S1 restarts and leads again, not knowing yet what is committed. When
 * it dies S3 holds no more than what S1 knew, and S2, which never had the rest, asks for its vote.
 */
export function rebuiltByNewLeader(repairedByOwnTerm: boolean): RaftCluster {
  const c = new RaftCluster({
    replicas: 3,
    rules: { repairedByOwnTerm, checkQuorum: false },
    settings: { batchEntriesMax: 1 },
    seed: 14n,
  });
  c.elect("S1").replicate("S1").replicate("S1");
  c.propose("S1", put("x", "a")).reaches("S2", "S3");
  c.propose("S1", put("x", "b")).reaches("S3");
  c.repair("S3", c.recordsOf("S3"));
  c.crash("S1").restart("S1");
  c.elect("S1", { votes: ["S2"] }).replicate("S1", ["S3"]);
  c.elect("S1", { votes: ["S2"] });
  c.net.pass(1).wake(idOf("S1"));
  const between = [idOf("S1"), idOf("S3")];
  while (c.state("S3").commitIndex < 2)
    c.net.deliver(({ from, to }) => between.includes(from) && between.includes(to), 1);
  return c;
}

export const RAFT_SCHEDULES = {
  repairedByOwnTerm: {
    why: "one that lost its journal must hear of a part of what is committed, of a leader that restarted and knows no more, and then from nobody but a candidate without the rest",
    violations: (on) => rebuiltByNewLeader(on).crash("S1").stand("S2", ["S3"]).violations,
  },
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
