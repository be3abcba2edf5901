import { expect, it } from "vitest";
import { Decision, id } from "./decision.ts";

/** P1 prepares, P2 prepares above it, P1's accept is refused and it prepares above P2, whose accept is refused … */
function duel(rounds: number): Decision {
  const d = new Decision({ acceptors: 3, settings: { backOff: false } });
  d.propose(1, "x").prepares(1, [3]);
  d.propose(2, "y").prepares(2, [3]);
  for (let round = 0; round < rounds; round++) {
    const one = 1 + (round % 2);
    d.exchange(one, [3], "Accept", "Reject").prepares(one, [3]);
  }
  return d;
}

it("DU-1: without a remedy two proposers refuse each other for 100 rounds, and nothing is decided", () => {
  const d = duel(100);
  expect(d.learned).toEqual([]);
  expect(d.sent().Reject).toBe(100);
  expect(d.state(3).acceptor.accepted).toBeNull();
});

/** Both propose at once; whatever is on its way arrives at the same time, in turns. Gives the rounds until a decision. */
function roundsToDecision(seed: number, backOff: boolean): number {
  const settings = { backOff, patienceTicks: 20 };
  const d = new Decision({ acceptors: 3, settings, seed: BigInt(seed) });
  d.propose(1, "x").propose(2, "y").propose(3, "z");
  for (let round = 1; round <= 1000; round++) {
    const flights = [...d.net.flights];
    d.lose().net.pass(10);
    for (const flight of round % 2 === 0 ? flights : flights.reverse()) d.net.arrive(flight);
    for (const member of d.members) d.net.wake(id(member));
    if (d.learned.length > 0) return round;
  }
  return Number.POSITIVE_INFINITY;
}

it("DU-2: with random, growing back-off a value is decided within 150 rounds, in each of 1000 seeds", () => {
  let most = 0;
  for (let seed = 1; seed <= 1000; seed++) most = Math.max(most, roundsToDecision(seed, true));
  expect(most).toBeLessThanOrEqual(150);
});
