import { ballotOf, utf8 } from "@quorate/kernel/core";
import type { Learning } from "@quorate/kernel/synod";
import { expect, it } from "vitest";
import { Decision, id } from "./decision.ts";

const LEARNERS = [6, 7, 8];

/** Five acceptors, three learners. Gives what the learning alone cost. */
function learnt(learning: Learning): { readonly d: Decision; readonly messages: number } {
  const settings = { learning, acknowledge: false };
  const d = new Decision({ acceptors: 5, learners: 3, settings }).propose(1, "x");
  d.net.deliver();
  const { Accepted = 0, Decided = 0 } = d.sent();
  return { d, messages: Accepted + Decided };
}

for (const [learning, want, how] of [
  ["all", 15, "every acceptor tells every learner: m n"],
  [1, 7, "one distinguished learner tells the rest: m + n - 1"],
  [2, 12, "two do: at most m s + s (n - s)"],
] as const) {
  it(`LN-1: m = 5, n = 3: ${how} = ${want} messages`, () => {
    const { d, messages } = learnt(learning);
    expect(messages).toBe(want);
    expect(LEARNERS.map((learner) => d.decided(learner))).toEqual(["x", "x", "x"]);
  });
}

it("LN-2: the distinguished learner dies after it has learnt: the others learn by asking the acceptors", () => {
  const settings = { learning: 1, acknowledge: false };
  const d = new Decision({ acceptors: 5, learners: 3, settings }).propose(1, "x");
  d.net.deliver(({ message }) => message.type !== "Decided");
  d.net.crash(id(6)).lose();
  expect(LEARNERS.slice(1).map((learner) => d.decided(learner))).toEqual([null, null]);
  for (const learner of [7, 8]) d.read(learner);
  d.net.deliver();
  expect(LEARNERS.slice(1).map((learner) => d.decided(learner))).toEqual(["x", "x"]);
});

it("LN-2: two distinguished learners survive the loss of one", () => {
  const settings = { learning: 2, acknowledge: false };
  const d = new Decision({ acceptors: 5, learners: 3, settings });
  d.net.crash(id(6));
  d.propose(1, "x").net.deliver();
  expect(d.decided(8)).toBe("x");
});

it("LN-2: the proposer, which the scheme tells nothing, asks when its time is up, and stops", () => {
  const { d } = learnt("all");
  expect(d.decided(1)).toBeNull();
  d.net.run(60_000);
  expect(d.decided(1)).toBe("x");
  const before = d.sent().Prepare;
  d.net.run(60_000);
  expect(d.sent().Prepare).toBe(before);
});

const accepted = (from: number, round: number, value: string) =>
  ({
    type: "Receive",
    from: id(from),
    message: { type: "Accepted", ballot: ballotOf(round, 0), value: utf8(value) },
  }) as const;

it("LN-3: one acceptor's message that comes again does not count again", () => {
  const d = new Decision({ acceptors: 5, learners: 1, settings: { learning: "all" } });
  for (const from of [1, 2, 1, 2, 2]) d.net.input(id(6), accepted(from, 1, "x"));
  expect(d.decided(6)).toBeNull();
  d.net.input(id(6), accepted(3, 1, "x"));
  expect(d.decided(6)).toBe("x");
});

it("LN-4: votes of two ballots are not added, not even for one value", () => {
  const votes = [accepted(1, 1, "x"), accepted(2, 1, "x"), accepted(3, 2, "x")];
  for (const [quorumOfOneBallot, want] of [
    [true, null],
    [false, "x"],
  ] as const) {
    const rules = { quorumOfOneBallot };
    const d = new Decision({ acceptors: 5, learners: 1, rules, settings: { learning: "all" } });
    for (const vote of votes) d.net.input(id(6), vote);
    expect(d.decided(6)).toBe(want);
  }
});
