import type { PaxosMessage } from "@quorate/kernel/paxos";
import { type Flight, idOf, PaxosCluster, put } from "../../stepper/index.ts";
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
 * S1 has two commands chosen, the second with S3 alone, which loses all its records. S1 leads anew, S3 hears of a part of what is
 * chosen, and S1 dies; S2, which lacks the second, prepares with S3.
 */
export function rebuiltInPart(repairedBySeeing: boolean): PaxosCluster {
  const c = new PaxosCluster({
    replicas: 3,
    rules: { repairedBySeeing, checkQuorum: false },
    settings: { batchEntriesMax: 1, inflightMessagesMax: 1 },
    seed: 9n,
  });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a")).reaches("S1");
  c.propose("S1", put("x", "b")).reaches("S1", ["S3"]);
  c.repair("S3", c.recordsOf("S3"));
  c.reaches("S1", ["S3"]);
  // The leader that S3's first word deposes; the next one's ballot lies above all that S3 can have promised.
  c.elect("S1", ["S2"]);
  const between = [idOf("S1"), idOf("S3")];
  const beat = (): unknown => c.net.lose().pass(c.settings.heartbeatTicks).wake(idOf("S1"));
  beat();
  while (c.decidedOf("S3") < 2)
    c.net.deliver(({ from, to }) => between.includes(from) && between.includes(to), 1);
  beat();
  c.exchange("S1", ["S3"], ({ message }) => message.type === "Heartbeat");
  c.net.lose();
  return c;
}

function afterRebuilding(on: boolean): readonly string[] {
  const c = rebuiltInPart(on);
  return c.crash("S1").stand("S2", ["S3"]).reaches("S2", ["S3"]).violations;
}

/** How long an accept, which carries commands, is under way, where other messages take one round. */
const ACCEPT_ROUNDS = 4;
const ROUND_TICKS = 10;

/**
 * S1 and S2 do not hear each other, and S3 hears both; nobody asks before or is left alone. An accept takes longer than a prepare, so
 * that whoever was rejected and tries again at once comes in time to have the other rejected. Gives the rounds of messages until
 * something is chosen, at most `roundsMax`.
 */
export function duel(seed: number, backOff: boolean, roundsMax: number): number {
  const rules = { backOff, preVote: false, leaderStickiness: false };
  const settings = { heartbeatTicks: 10_000, retransmitTicks: 10_000 };
  const c = new PaxosCluster({ replicas: 3, rules, settings, seed: BigInt(seed) });
  c.net.cut(idOf("S1"), idOf("S2")).cut(idOf("S2"), idOf("S1"));
  const duellists = ["S1", "S2"] as const;
  let underWay: { readonly due: number; readonly flight: Flight<PaxosMessage> }[] = [];
  for (let round = 1; round <= roundsMax; round++) {
    c.net.pass(ROUND_TICKS);
    const arriving = underWay.filter(({ due }) => due <= round);
    underWay = underWay.filter(({ due }) => due > round);
    for (const { flight } of arriving) c.net.arrive(flight);
    for (const name of duellists) {
      const at = c.net.wakeAt(idOf(name));
      if (at !== null && at <= c.net.now.ticks) c.net.wake(idOf(name));
    }
    for (const flight of c.net.flights)
      underWay.push({
        due: round + (flight.message.type === "Accept" ? ACCEPT_ROUNDS : 1),
        flight,
      });
    c.net.lose();
    if (duellists.some((name) => c.decidedOf(name) > 0)) return round;
  }
  return roundsMax;
}

/** More than a duel takes where those who are rejected wait. */
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
  paxosRepairedBySeeing: {
    why: "one that lost its journal must hear of a part of what is chosen, of the leader that knows the rest, and then from nobody but a candidate without it",
    violations: afterRebuilding,
  },
  paxosBackOff: {
    why: "pre-votes and the leader's claim to be left alone keep two from preparing against each other for long",
    violations: (on) =>
      duel(27, on, ROUNDS_MAX) === ROUNDS_MAX
        ? [`nobody is established after ${ROUNDS_MAX} rounds of a duel`]
        : [],
  },
} satisfies Schedules;
