import { idOf, PaxosCluster, put } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

/** S2's acceptance under S1's first ballot arrives when S1, which forgot what it had proposed then, leads its second. */
function lateAcceptance(quorumOfOneBallot: boolean): PaxosCluster {
  const c = new PaxosCluster({ replicas: 3, rules: { quorumOfOneBallot }, seed: 4n });
  c.elect("S1").reaches("S1");
  c.net.holdSync(idOf("S1"));
  c.propose("S1", put("x", "a"));
  c.net.deliver(({ to, message }) => to === idOf("S2") && message.type === "Accept");
  const late = c.captured("S1", "AcceptedSlots");
  c.net.lose();
  c.crash("S1").restart("S1").elect("S1", ["S3"]);
  c.net.arrive(late);
  return c.crash("S1").elect("S2", ["S3"]).reaches("S2", ["S3"]);
}

/** S2 finds slot 3 of S1 and not slot 2, and dies before anybody hears more of it; S1 comes back with both. */
function holeFound(fillHoles: boolean): PaxosCluster {
  const settings = { batchEntriesMax: 1 };
  const c = new PaxosCluster({ replicas: 3, rules: { fillHoles }, settings, seed: 5n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a"), put("x", "b"));
  c.net.deliver(
    ({ to, message }) => to === idOf("S2") && message.type === "Accept" && message.slot === 3,
  );
  c.crash("S1").elect("S2", ["S3"]);
  return c.crash("S2").restart("S1").elect("S1", ["S3"]).reaches("S1", ["S3"]);
}

/**
 * All stand at nearly the same time, nobody asks before or is left alone, and a message takes more than half a time-out. Gives the
 * rounds of messages until a leader is established.
 */
export function duel(seed: number, backOff: boolean): number {
  const rules = { backOff, preVote: false, leaderStickiness: false };
  const settings = { electionTicksMin: 100, electionTicksMax: 101, heartbeatTicks: 50 };
  const c = new PaxosCluster({ replicas: 3, rules, settings, seed: BigInt(seed) });
  const established = (): boolean =>
    c.leaders().some((name) => c.decidedOf(name) > 0 && c.state(name).role.type === "Leader");
  for (let round = 1; round <= 400; round++) {
    const flights = [...c.net.flights];
    c.net.lose().pass(60);
    for (const flight of flights) c.net.arrive(flight);
    for (const name of c.names) {
      const at = c.net.wakeAt(idOf(name));
      if (at !== null && at <= c.net.now.ticks) c.net.wake(idOf(name));
    }
    if (established()) return round;
  }
  return Number.POSITIVE_INFINITY;
}

/** Rounds that a duel takes where those who are rejected wait: seldom more than ten. */
const ROUNDS_MAX = 200;

export const PAXOS_SCHEDULES = {
  paxosQuorumOfOneBallot: {
    why: "an acceptance must outlast its proposer, which crashes, forgets what it proposed, and is promised its next ballot meanwhile",
    violations: (on) => lateAcceptance(on).violations,
  },
  paxosFillHoles: {
    why: "two leaders in a row must die, the second before anybody heard of its no-op, and the first come back with the value",
    violations: (on) => holeFound(on).violations,
  },
  paxosBackOff: {
    why: "pre-votes and the leader's claim to be left alone keep two from preparing against each other for long",
    violations: (on) =>
      duel(1, on) > ROUNDS_MAX
        ? [`nobody is established after ${ROUNDS_MAX} rounds of a duel`]
        : [],
  },
} satisfies Schedules;
