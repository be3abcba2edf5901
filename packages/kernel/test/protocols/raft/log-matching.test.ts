import { type Entry, Log, type LogIndex, NO_POSITION, type NodeId } from "@quorate/kernel/core";
import { logMatching, type Predecessors } from "@quorate/kernel/raft";
import { expect, it } from "vitest";

const [one, other] = [1n as NodeId, 2n as NodeId];

/** A log of entries of these terms. */
const logOf = (...terms: readonly number[]): Log =>
  Log.startingAt(NO_POSITION).append(entries(0, terms));

const entries = (after: number, terms: readonly number[]): readonly Entry[] =>
  terms.map((epoch, i) => ({
    index: (after + i + 1) as LogIndex,
    epoch,
    kind: "command",
    command: new Uint8Array(0),
  }));

it("Log Matching: logs that agree on an entry's term and differ below it are found, whenever each was", () => {
  const seen: Predecessors = new Map();
  expect(logMatching(seen, null, { log: logOf(1, 1, 3), self: one })).toBeNull();
  expect(logMatching(seen, null, { log: logOf(1, 2, 2), self: other })).toBeNull();
  expect(logMatching(seen, null, { log: logOf(1, 2, 3), self: other })).toBe(
    "Log Matching: in 2 entry 3 of term 3 follows one of term 2, in another log one of term 1",
  );
});

it("Log Matching: what was appended since the last look is held against all that was there before", () => {
  const seen: Predecessors = new Map();
  logMatching(seen, null, { log: logOf(1, 1, 3), self: one });
  const before = logOf(1, 2);
  expect(logMatching(seen, null, { log: before, self: other })).toBeNull();
  const after = before.append(entries(2, [3]));
  expect(logMatching(seen, before, { log: after, self: other })).toContain("entry 3 of term 3");
});

it("Log Matching: an entry that took the place of another is looked at, and a dropped beginning hides nothing", () => {
  const seen: Predecessors = new Map();
  logMatching(seen, null, { log: logOf(1, 1, 3, 3), self: one });
  const before = logOf(1, 2, 2, 2);
  logMatching(seen, null, { log: before, self: other });
  const replaced = before.truncate(3 as LogIndex).append(entries(3, [3]));
  expect(logMatching(seen, before, { log: replaced, self: other })).toContain("entry 4 of term 3");
  const dropped = logOf(1, 2, 2)
    .append(entries(3, [3]))
    .drop(3 as LogIndex);
  expect(logMatching(seen, null, { log: dropped, self: other })).toContain("entry 4 of term 3");
});
