import { expect, it } from "vitest";
import { run } from "../run.ts";

it("a rule that is switched off is found missing, with the run that shows it", async () => {
  const { exit, out, err } = await run(["sim", "--mutants", "--without", "preVote", "--runs", "3"]);
  expect(exit).toBe(0);
  expect(out).toMatch(/^preVote +\d +\d\.aim=preVote\.without=preVote +.*deposed/m);
  expect(out).toContain("1 of 1 caught");
  expect(err).toMatch(/preVote: caught by seed \d/);
});

it("one that no seed misses fails the command", async () => {
  const args = ["sim", "--mutants", "--without", "logTimeByTerm", "--runs", "1", "--json"];
  const { exit, out } = await run(args);
  expect(exit).toBe(1);
  expect(JSON.parse(out)).toMatchObject([{ rule: "logTimeByTerm", seeds: 1, run: null }]);
});

it("a rule that does not exist is a wrong call", async () => {
  expect(await run(["sim", "--mutants", "--without", "care"])).toMatchObject({ exit: 2 });
});
