import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rangeOf, sharesOf } from "../../../src/cli/commands/sim/options.ts";
import { run } from "../run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "quorate-sim-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A run that takes no time. */
const RUN = "42.n1.c1.o1.t1.bare.straight";

describe("an option that would be passed over", () => {
  it.each([
    ["--run", RUN, "--nodes", "5"],
    ["--shrink", RUN, "--faults", "none"],
    ["--seeds", "1..2", "--trace", "a.jsonl"],
    ["--seeds", "1..2", "--runs", "5"],
    ["--run", RUN, "--jobs", "2"],
  ])("is refused: %s %s %s %s", async (mode, of, option, value) => {
    const { exit, err } = await run(["sim", mode, of, option, value]);
    expect(exit).toBe(2);
    expect(err).toContain(`${option} says nothing beside ${mode}, which takes`);
  });
});

describe("files", () => {
  it("that cannot be written are a wrong call, said after what was found", async () => {
    for (const option of ["--trace", "--shiviz", "--scenario"]) {
      const { exit, out, err } = await run(["sim", "--run", RUN, option, folder]);
      expect(exit).toBe(2);
      expect(out).toContain(`run ${RUN}: `);
      expect(err).toContain(`${option}: EISDIR`);
    }
  });

  it("to compare with must hold events of a run", async () => {
    const file = join(folder, "other.jsonl");
    for (const text of ["garbage\n", "null\n", '{"time":"soon"}\n']) {
      writeFileSync(file, text);
      const { exit, err } = await run(["sim", "--run", RUN, "--against", file]);
      expect(exit).toBe(2);
      expect(err).toContain("line 1 is no event of a run");
    }
    const { exit, err } = await run(["sim", "--run", RUN, "--against", join(folder, "missing")]);
    expect(exit).toBe(2);
    expect(err).toContain("--against: ENOENT");
  });

  it("of the same run are equal, and a changed one says where it drifts", async () => {
    const file = join(folder, "a.jsonl");
    await run(["sim", "--run", RUN, "--trace", file]);
    expect(await run(["sim", "--run", RUN, "--against", file])).toMatchObject({ exit: 0 });
    writeFileSync(file, readFileSync(file, "utf8").replace('"time":0', '"time":7'));
    const { exit, err } = await run(["sim", "--run", RUN, "--against", file]);
    expect(exit).toBe(1);
    expect(err).toContain("at event 0: there 0.007 ms");
  });
});

it("one run is told as JSON, too", async () => {
  const { exit, out } = await run(["sim", "--run", RUN, "--json", "--models"]);
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    run: RUN,
    broken: [],
    models: { linearizable: { type: "held" } },
  });
});

it("a fault that does not exist is answered with all that do", async () => {
  const { exit, err } = await run(["sim", "--seed", "1", "--faults", "flood"]);
  expect(exit).toBe(2);
  expect(err).toContain("memory");
  expect(err).toContain("flipMemory");
});

it("a wrong seed is named by its own option", async () => {
  const { exit, err } = await run(["sim", "--seed", "1e3"]);
  expect(exit).toBe(2);
  expect(err).toContain("--seed says 1e3");
});

it("jobs share what a shard has, each seed once", () => {
  const seedsOf = (shard: string): number[] => {
    const { first, last, part, of } = rangeOf({ seeds: "1..40", shard });
    const all = Array.from({ length: Number(last - first) + 1 }, (_, i) => i + 1);
    return all.filter((_, i) => i % of === part - 1);
  };
  const shares = sharesOf(rangeOf({ seeds: "1..40", shard: "2/4" }), 3).flatMap(seedsOf);
  expect(shares.sort((a, b) => a - b)).toEqual(seedsOf("2/4"));
});

it("a shard of the rules answers for its own only", async () => {
  const args = ["sim", "--mutants", "--without", "preVote,repairedByOwnTerm", "--runs", "3"];
  const { exit, out } = await run([...args, "--shard", "1/2"]);
  expect(exit).toBe(0);
  expect(out).toContain("1 of 1 caught");
});

it("an interrupted sweep says so, and does not succeed", async () => {
  const { exit, out, err } = await run(["sim", "--seeds", "1..5"], {}, "", AbortSignal.abort());
  expect(exit).toBe(1);
  expect(out).toContain("0 runs");
  expect(err).toContain("interrupted");
});
