import { expect, it } from "vitest";
import { readingOf } from "../clusters/counters.ts";
import { costOf } from "../load/cost.ts";

const of = (framesSent: number, bytesSent: number, syncs: number) => ({
  framesSent,
  bytesSent,
  syncs,
});

it("divides what was counted since then by the writes, the leader's beside all members'", () => {
  const before = [of(10, 1000, 5), of(100, 50, 7), of(0, 0, 0)];
  const after = [of(20, 3000, 15), of(140, 450, 17), of(10, 200, 10)];
  expect(costOf(1, before, after, 20)).toEqual({
    framesOut: 2,
    framesOfAll: 3,
    bytesOut: 20,
    bytesOfAll: 130,
    syncs: 1.5,
  });
});

it("reads a counter by its whole name, and takes none for no measurement", () => {
  const text = "# HELP syncs_total Syncs.\nsyncs_total_more 4\nsyncs_total 12\n";
  expect(readingOf(text, "syncs_total")).toBe(12);
  expect(() => readingOf(text, "syncs")).toThrow("no member tells syncs");
});
