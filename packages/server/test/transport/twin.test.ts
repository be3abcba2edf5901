import { startId } from "@quorate/kernel/core";
import { describe, expect, it } from "vitest";
import { Contest } from "../../src/transport/twin.ts";

describe("two lives of one node, one linked and one that called at 1000, with a word every 100", () => {
  it.each([
    {
      heardAt: 1000,
      now: 1000,
      want: "open",
      why: "it was heard of before: it may have ended since",
    },
    { heardAt: 1099, now: 1099, want: "open", why: "that may have been under way when it ended" },
    { heardAt: 1100, now: 1100, want: "twins", why: "no frame is under way for so long" },
    { heardAt: 1100, now: 5000, want: "twins", why: "whoever lived then has not been followed" },
    { heardAt: 990, now: 1299, want: "open", why: "an idle one may yet say its word" },
    { heardAt: 990, now: 1300, want: "successor", why: "it has said no word for too long" },
    { heardAt: 1050, now: 1300, want: "successor", why: "nor since what was under way" },
  ])("heard of at $heardAt, at $now it is $want: $why", ({ heardAt, now, want }) => {
    expect(new Contest(startId(7n), 1000).verdict(heardAt, now, 100)).toBe(want);
  });
});
