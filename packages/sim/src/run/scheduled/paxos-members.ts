import type { PaxosRules } from "@quorate/kernel/paxos";
import { idOf, type Name, PaxosCluster, put } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

/** Voters decide so many slots behind the one in which they are chosen. */
const ALPHA = 4;
const OLD: readonly Name[] = ["S1", "S2", "S3"];
const NEW: readonly Name[] = ["S1", "S4", "S5"];

interface ChangeSetup {
  readonly rules?: Partial<PaxosRules>;
  readonly leaseReads?: boolean;
  readonly decisions?: "ride" | "eager";
}

/** S1, S2 and S3 vote; S4 and S5 learn. */
export function beforeAsking({ rules = {}, leaseReads = false, decisions = "eager" }: ChangeSetup) {
  return new PaxosCluster({
    replicas: 5,
    voters: OLD,
    rules: { checkQuorum: false, ...rules },
    settings: { alpha: ALPHA, leaseReads, decisions },
    seed: 1n,
  });
}

/** S1 leads S2 and S3; S4 and S5, which learn, have promised its ballot too. */
export function beforeChange(setup: ChangeSetup = {}): PaxosCluster {
  const c = beforeAsking(setup);
  return c.elect("S1").reaches("S1", c.names, 2);
}

/** The voters to come, and nobody else, accept themselves; then the old ones elect another leader. */
function decidedByThemselves(slotsByOwnConfiguration: boolean): PaxosCluster {
  const c = beforeChange({ rules: { slotsByOwnConfiguration } });
  c.change("S1", NEW);
  c.exchange("S1", ["S4", "S5"], () => true);
  c.net.lose();
  return c.crash("S1").elect("S2", ["S3"]).reaches("S2", ["S3"]);
}

/**
 * S3 knows nothing of the change: it has happened, S1 and S4 have decided the first slot of the new voters, and S2 tells S3 of those
 * before.
 */
function oldVotersAsked(prepareEveryConfiguration: boolean): PaxosCluster {
  const c = beforeChange({ rules: { prepareEveryConfiguration }, decisions: "ride" });
  c.change("S1", NEW);
  for (const name of ["S2", "S4", "S2"] as const) c.exchange("S1", [name], () => true);
  c.net.lose();
  c.propose("S1", put("x", "a")).reaches("S1", ["S4"], 2);
  return c.crash("S1").stand("S3", ["S2"]).reaches("S3", ["S2", "S4", "S5"], 3);
}

/**
 * S4 and S5 lose what they have promised with the power. Of all that the old voters have decided they get a snapshot, and elect S4,
 * whose ballot is lower than that of S1.
 */
function unpromised(promisedByIncoming: boolean): PaxosCluster {
  const c = beforeAsking({ rules: { promisedByIncoming } });
  for (const name of ["S4", "S5"] as const) c.net.holdSync(idOf(name));
  c.elect("S2", OLD).elect("S1", OLD).reaches("S1", c.names, 2);
  if (!c.change("S1", NEW)) return c;
  c.reaches("S1", c.names, 2);
  for (const name of ["S4", "S5"] as const) c.crash(name).restart(name).install(name, "S1");
  c.elect("S4", ["S5"]).reaches("S4", ["S5"]);
  return c.propose("S1", put("x", "a")).reaches("S1", ["S4", "S5"]);
}

/** Before the first change is chosen, a second one is asked for. */
function changedTwice(oneChangeAtATime: boolean): PaxosCluster {
  const c = beforeChange({ rules: { oneChangeAtATime } });
  c.change("S1", NEW);
  c.change("S1", ["S1", "S2", "S4"]);
  return c.reaches("S1", c.names, 3);
}

/** How long S4 and S5 hear nothing, less than a leader waits for them and more than they owe it. */
const SILENCE_TICKS = 900;

/**
 * S4 and S5 have not heard S1 for a while, which holds a lease of S2 and S3. These change the voters, and are none any more; S4 is
 * elected by S5, and has something chosen. Gives what a reader at S1 is shown, if it is less.
 */
function leasedByOld(incomingToldFirst: boolean): readonly string[] {
  const c = beforeChange({ rules: { incomingToldFirst }, leaseReads: true });
  for (let waited = 0; waited < SILENCE_TICKS; waited += c.settings.heartbeatTicks) {
    c.net.pass(c.settings.heartbeatTicks).wake(idOf("S1"));
    c.exchange("S1", ["S2", "S3"], () => true);
    c.net.lose();
  }
  c.change("S1", NEW);
  c.exchange("S1", ["S2", "S3"], () => true);
  c.net.lose();
  c.install("S4", "S1").install("S5", "S1");
  c.net.pass(c.settings.electionTicksMax - SILENCE_TICKS).wake(idOf("S4"));
  c.exchange("S4", ["S5"], () => true);
  c.propose("S4", put("x", "b"));
  c.exchange("S4", ["S5"], () => true);
  const chosen = c.decidedOf("S4");
  const shown = c.read("S1", "lease");
  return shown !== null && shown < chosen
    ? [...c.violations, `Stale read: S1 shows slot ${shown}, and ${chosen} is chosen`]
    : c.violations;
}

const why =
  "the members of a cluster change one at a time, so that two majorities meet that need not";

export const PAXOS_MEMBER_SCHEDULES = {
  paxosSlotsByOwnConfiguration: { why, violations: (on) => decidedByThemselves(on).violations },
  paxosPrepareEveryConfiguration: { why, violations: (on) => oldVotersAsked(on).violations },
  paxosPromisedByIncoming: { why, violations: (on) => unpromised(on).violations },
  paxosOneChangeAtATime: {
    why: "who changes the members waits for one change before it asks for the next",
    violations: (on) => changedTwice(on).violations,
  },
  paxosIncomingToldFirst: { why, violations: leasedByOld },
} satisfies Schedules;
