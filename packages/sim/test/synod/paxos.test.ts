import {
  ballotOf,
  drawBelow,
  type Random,
  type SynodRules,
  seeded,
  utf8,
} from "@quorate/kernel/core";
import { expect, it } from "vitest";
import { Decision, id, textOf } from "./decision.ts";

it("PX-1: one value costs 6n messages, n = 4: prepare, promise, accept, accepted, decided, ack", () => {
  const d = new Decision({ acceptors: 5 }).propose(1, "x");
  d.net.deliver();
  expect(d.sent()).toEqual({ Prepare: 4, Promised: 4, Accept: 4, Accepted: 4, Decided: 4, Ack: 4 });
  expect(d.members.map((member) => d.decided(member))).toEqual(["x", "x", "x", "x", "x"]);
});

it("PX-2: x is accepted at one of three; a higher ballot that asks the two others may choose y, and x is rejected from then on", () => {
  const d = new Decision({ acceptors: 3 });
  d.net.holdSync(id(1));
  d.propose(1, "x").net.sync(id(1));
  d.prepares(1, [2]).lose();
  expect(textOf(d.state(1).acceptor.accepted?.value), "at P1's own acceptor alone").toBe("x");
  d.propose(2, "y").prepares(2, [3]).accepts(2, [3]);
  expect(d.decided(2)).toBe("y");
  d.lose();
  d.again(1).prepares(1, [3]).accepts(1, [3]);
  d.net.deliver();
  d.again(2).net.deliver();
  expect(d.learned).toEqual(["y"]);
  expect(d.members.map((member) => d.decided(member))).toEqual(["y", "y", "y"]);
});

it("PX-2: an accept below what was promised since is rejected, and the rejection tells the promise", () => {
  const d = new Decision({ acceptors: 3, settings: { backOff: true } });
  d.propose(1, "x").prepares(1, [3]);
  d.propose(2, "y").prepares(2, [3]);
  d.accepts(1, [3]);
  expect(d.sent().Reject).toBe(1);
  expect(d.state(1).proposer.highest).toBe(ballotOf(1, 1));
  expect(d.state(3).acceptor.accepted).toBeNull();
});

it("PX-3: x is accepted at two of three: whoever prepares next finds it, and proposes it again", () => {
  const d = new Decision({ acceptors: 3 });
  d.propose(1, "x").prepares(1, [2]).exchange(1, [2], "Accept").lose();
  expect(d.learned, "chosen, and nobody knows").toEqual([]);
  d.propose(3, "y").prepares(3, [2]).accepts(3, [2]);
  expect(d.decided(3)).toBe("x");
  expect([...d.net.outcomes.values()], "the one who proposed y is told so").toEqual([
    { ok: true, value: utf8("x") },
  ]);
});

/** Acceptor 3 promises P2 and loses power before its disk has synced; P1, of a lower ballot, asks it to accept. */
function promiseLostInCrash(persistBeforeReply: boolean): Decision {
  const d = new Decision({ acceptors: 3, rules: { persistBeforeReply } });
  d.propose(1, "x").prepares(1, [3]);
  d.net.holdSync(id(3));
  d.propose(2, "y").prepares(2, [3]);
  d.net.crash(id(3)).restart(id(3));
  d.exchange(1, [3], "Accept", "Accepted");
  d.exchange(2, [3], "Accept", "Accepted");
  return d;
}

it("PX-4: a promise that a crash takes back was never given", () => {
  const d = promiseLostInCrash(true);
  expect(d.learned).toEqual(["x"]);
  d.lose().again(2).prepares(2, [3]).accepts(2, [3]);
  expect(d.learned).toEqual(["x"]);
});

it("PX-4 with the flush removed: two values are chosen", () => {
  expect(promiseLostInCrash(false).learned).toEqual(["x", "y"]);
});

/** Few members, several proposers, and a network and disks that do what they want. */
function randomSchedule(seed: number, rules: Partial<SynodRules>, actions = 60): Decision {
  const acceptors = seed % 3 === 0 ? 5 : 3;
  const d = new Decision({ acceptors, rules, seed: BigInt(seed) });
  let random: Random = seeded(BigInt(seed));
  const below = (bound: number): number => {
    const [value, next] = drawBelow(random, bound);
    random = next;
    return value;
  };
  d.propose(1, "x").propose(2, "y").propose(3, "z");
  for (let i = 0; i < actions; i++) {
    const what = below(100);
    const member = 1 + below(acceptors);
    const { flights } = d.net;
    const flight = flights[below(Math.max(1, flights.length))];
    if (what < 75) {
      if (flight === undefined) continue;
      // One in ten is repeated, one in ten lost.
      if (what > 7) d.lose((other) => other === flight);
      if (what < 68) d.net.arrive(flight);
    } else if (what < 85) {
      d.net.pass(below(2000));
      d.net.wake(id(member));
    } else if (what < 90) d.net.holdSync(id(member));
    else if (what < 94) {
      if (d.net.isUp(id(member))) d.net.sync(id(member));
    } else if (what < 97) d.net.crash(id(member));
    else if (!d.net.isUp(id(member))) {
      d.net.restart(id(member));
      d.propose(member, `w${member}`);
    }
  }
  return d;
}

function healed(d: Decision): Decision {
  for (const member of d.members)
    if (d.net.isUp(id(member))) d.net.sync(id(member));
    else d.net.restart(id(member));
  d.propose(1, "last");
  d.net.run(600_000);
  return d;
}

it("PX-5: in 10 000 random schedules of loss, repetition, reordering and crashes at most one value is learned, and one is in the end", () => {
  for (let seed = 1; seed <= 10_000; seed++) {
    const d = randomSchedule(seed, {});
    expect(d.learned.length, `seed ${seed}`).toBeLessThanOrEqual(1);
    if (seed % 10 === 0) {
      healed(d);
      expect(d.learned.length, `seed ${seed}, healed`).toBe(1);
      expect(d.decided(1), `seed ${seed}, healed`).toBe(d.learned[0]);
    }
  }
});

for (const rule of [
  "persistBeforeReply",
  "promiseHolds",
  "adoptHighest",
  "quorumOfOneBallot",
] as const) {
  it(`${rule}: without it a random schedule has two values chosen`, () => {
    let broken = 0;
    for (let seed = 1; seed <= 5000 && broken === 0; seed++)
      if (healed(randomSchedule(seed, { [rule]: false }, 120)).learned.length > 1) broken = seed;
    expect(broken).toBeGreaterThan(0);
    expect(healed(randomSchedule(broken, {}, 120)).learned).toHaveLength(1);
  });
}

it("PX-6: of ballots 3 (a) and 5 (b) seen in one majority the proposer takes b", () => {
  const d = new Decision({ acceptors: 5 });
  const accept = (to: number, round: number, from: number, value: string): void => {
    const message = {
      type: "Accept",
      ballot: ballotOf(round, from - 1),
      value: Uint8Array.from(value, (c) => c.charCodeAt(0)),
    } as const;
    d.net.input(id(to), { type: "Receive", from: id(from), message });
  };
  accept(3, 3, 1, "a");
  accept(4, 3, 1, "a");
  accept(5, 5, 4, "b");
  d.lose();
  d.propose(2, "c").exchange(2, [3, 4, 5], "Prepare", "Reject").lose();
  d.again(2).prepares(2, [3, 5]).accepts(2, [3, 5]);
  expect(d.decided(2)).toBe("b");
});

it("an acceptor that lost its records takes no part until it knows the decision", () => {
  const d = new Decision({ acceptors: 3 });
  d.propose(1, "x").prepares(1, [2]).exchange(1, [2], "Accept").lose();
  d.net.repair(id(2), 10);
  d.propose(3, "y").prepares(3, [2]);
  expect(d.state(3).proposer.type, "nobody promises it").toBe("Preparing");
  d.lose().again(3).net.deliver();
  expect(d.learned).toEqual(["x"]);
  expect(d.state(2).repairing).toBe(false);
});
