import {
  type Accepted,
  accept,
  type Ballot,
  ballotOf,
  FRESH_ACCEPTOR,
  NO_BALLOT,
  type NodeId,
  nextBallot,
  PLACES,
  placeOf,
  prevailing,
  promise,
  roundOf,
  type Vote,
  votersFor,
  withVote,
} from "@quorate/kernel/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const ALL = { promiseHolds: true, adoptHighest: true, quorumOfOneBallot: true };

describe("ballots", () => {
  it("order by round first, name their proposer, and never collide", () => {
    expect(ballotOf(2, 0)).toBeGreaterThan(ballotOf(1, PLACES - 1));
    expect([roundOf(ballotOf(7, 5)), placeOf(ballotOf(7, 5))]).toEqual([7, 5]);
    expect(() => ballotOf(1, PLACES)).toThrow(RangeError);
  });

  it("the next one of a proposer is its least above another", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(PLACES - 1), fc.nat(PLACES - 1), (round, place, own) => {
        const above = ballotOf(round, place);
        const next = nextBallot(above, own);
        expect(next).toBeGreaterThan(above);
        expect(placeOf(next)).toBe(own);
        expect(next - PLACES > above && roundOf(next) > 1).toBe(false);
      }),
      { seed: 17 },
    );
    expect(nextBallot(NO_BALLOT, 0)).toBe(ballotOf(1, 0));
  });
});

describe("an acceptor", () => {
  it("promises what is not lower, again if asked again, and refuses what is", () => {
    const promised = promise(FRESH_ACCEPTOR, ballotOf(2, 0));
    expect(promised?.promised).toBe(ballotOf(2, 0));
    if (promised === null) return;
    expect(promise(promised, ballotOf(2, 0))).toEqual(promised);
    expect(promise(promised, ballotOf(1, 5))).toBeNull();
  });

  it("accepts at its promise or above, which promises that too", () => {
    const promised = { promised: ballotOf(2, 0), accepted: null };
    expect(accept(promised, ballotOf(1, 9), "x", ALL)).toBeNull();
    expect(accept(promised, ballotOf(3, 1), "x", ALL)).toEqual({
      promised: ballotOf(3, 1),
      accepted: { ballot: ballotOf(3, 1), value: "x" },
    });
    const careless = accept(promised, ballotOf(1, 9), "x", { promiseHolds: false });
    expect(careless?.promised, "and even then its promise does not fall").toBe(ballotOf(2, 0));
  });
});

it("of two accepted values that of the higher ballot prevails", () => {
  const a: Accepted<string> = { ballot: 3 as Ballot, value: "a" };
  const b: Accepted<string> = { ballot: 5 as Ballot, value: "b" };
  expect([prevailing(a, b, ALL), prevailing(b, a, ALL), prevailing(null, a, ALL)]).toEqual([
    b,
    b,
    a,
  ]);
  expect(prevailing(a, b, { adoptHighest: false })).toBe(a);
});

it("LN-3, LN-4: each acceptor counts once for a ballot, and votes of two ballots are not added", () => {
  const vote = (acceptor: number, ballot: number): Vote => ({
    acceptor: BigInt(acceptor) as NodeId,
    ballot: ballot as Ballot,
  });
  const votes = [vote(1, 5), vote(2, 5), vote(1, 5), vote(3, 7)].reduce(
    withVote,
    [] as readonly Vote[],
  );
  expect(votersFor(votes, 5 as Ballot, ALL).size).toBe(2);
  expect(votersFor(votes, 7 as Ballot, ALL).size).toBe(1);
  expect(votersFor(votes, 5 as Ballot, { quorumOfOneBallot: false }).size).toBe(3);
});
