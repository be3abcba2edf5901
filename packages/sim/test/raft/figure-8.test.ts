import { put } from "@quorate/sim";
import { expect, it } from "vitest";
import { figure8 } from "./schedules.ts";

it("RF-2, Figure 8: replicas alone do not commit an entry of an earlier term", () => {
  const c = figure8(true);
  expect([c.termsOf("S1"), c.termsOf("S2"), c.termsOf("S3")]).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect(c.commitIndexOf("S1"), "on three of five, and still not committed").toBeLessThan(2);

  c.crash("S1").restart("S5");
  c.elect("S5", { term: 5, votes: ["S2", "S3", "S4"] });
  c.replicate("S5", ["S2", "S3", "S4"]);
  expect(c.entryAt("S2", 2)?.epoch, "this overwrite is why it was not").toBe(3);
  expect(c.violations).toEqual([]);
});

it("RF-2, Figure 8 (e): once an entry of the leader's own term is on a majority, all before it are committed", () => {
  const c = figure8(true);
  c.propose("S1", put("x", "c")).reaches("S2", "S3");
  expect(c.commitIndexOf("S1")).toBe(3);

  c.crash("S1").restart("S5");
  expect(() => c.elect("S5", { votes: ["S2", "S3", "S4"] })).toThrow("is not elected");
  expect(c.violations).toEqual([]);
});

it("RF-2 without the rule: a committed entry is overwritten, and the observer says which", () => {
  const c = figure8(false);
  expect(c.commitIndexOf("S1"), "counted as committed").toBe(2);

  c.crash("S1").restart("S5");
  c.elect("S5", { term: 5, votes: ["S2", "S3", "S4"] });
  c.propose("S5", put("x", "c")).reaches("S2", "S3", "S4");
  expect(c.violations.join("\n")).toContain("State Machine Safety");
});
