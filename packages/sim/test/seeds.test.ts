import { runSeed } from "@quorate/sim";
import { expect, it } from "vitest";

const SEEDS = 25;

it(`seeds 1 to ${SEEDS}: under the faults that each seed draws every promise holds, and all goes on afterwards`, () => {
  let operations = 0;
  for (let seed = 1n; seed <= SEEDS; seed++) {
    const { broken, operationsOk } = runSeed({ seed, millis: 10_000 });
    expect(broken, `npm run sim -- --run ${seed}.for=10000 --story`).toEqual([]);
    operations += operationsOk;
  }
  expect(operations, "a run in which nothing succeeds proves nothing").toBeGreaterThan(SEEDS * 30);
});

it("the same seed is the same run, event by event; another seed is another", () => {
  const [one, again, other] = [42n, 42n, 43n].map((seed) => runSeed({ seed }));
  expect(again?.traceHash).toBe(one?.traceHash);
  expect(again?.history).toEqual(one?.history);
  expect(again?.events).toBe(one?.events);
  expect(other?.traceHash).not.toBe(one?.traceHash);
});
