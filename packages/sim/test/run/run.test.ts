import {
  breaksLike,
  decodeRun,
  driftOf,
  encodeRun,
  FAULT_TYPES,
  type FaultType,
  NO_CUTS,
  planOf,
  Recorder,
  type Rule,
  type RunCode,
  run,
  runSeed,
  scenarioOf,
  shrink,
} from "@quorate/sim";
import { describe, expect, it } from "vitest";

const SMALL = { clients: 2, operations: 25, millis: 8000 };

describe("A1: every fault of the model happens, and no promise breaks", () => {
  for (const type of FAULT_TYPES) {
    it(type, () => {
      let bites = 0;
      for (let seed = 1n; seed <= 12n && bites === 0; seed++) {
        const report = runSeed({ seed, nodes: 5, faults: [type], ...SMALL });
        expect(report.broken, `seed ${seed}`).toEqual([]);
        bites += report.bites.get(type) ?? 0;
      }
      expect(bites).toBeGreaterThan(0);
    });
  }
});

describe("what only aims draw happens, too, and no promise breaks", () => {
  const AIMED: readonly (readonly [aim: Rule, types: readonly FaultType[]])[] = [
    ["jointNeedsBoth", ["replaceAgain", "splitChange"]],
    ["repairedByOwnTerm", ["farAway", "isolateRebuilder", "loseLeader"]],
  ];
  for (const [aim, types] of AIMED) {
    it(types.join(), () => {
      const bites = new Set<FaultType>();
      for (let seed = 1n; seed <= 12n && !types.every((type) => bites.has(type)); seed++) {
        const report = runSeed({ seed, aim });
        expect(report.broken, `seed ${seed}`).toEqual([]);
        for (const type of report.bites.keys()) bites.add(type);
      }
      expect(types.filter((type) => !bites.has(type))).toEqual([]);
    });
  }
});

describe("a run is one short line", () => {
  const runs: readonly RunCode[] = [
    { seed: 42n, options: {}, cuts: NO_CUTS },
    {
      seed: 7n,
      options: {
        nodes: 5,
        reads: "lease",
        millis: 9000,
        faults: ["crash", "pause"],
        rules: { termCheck: false },
      },
      cuts: {
        episodes: [0, 1, 2, 5],
        clients: 1,
        operations: 9,
        millis: 4000,
        bare: true,
        straight: true,
      },
    },
  ];
  it("that comes back as it was", () => {
    expect(encodeRun(runs[0] as RunCode)).toBe("42");
    for (const code of runs) expect(decodeRun(encodeRun(code))).toEqual(code);
  });

  it("and nothing else is one", () => {
    for (const text of [
      "",
      "x",
      "42.q3",
      "42.reads=never",
      "42.faults=rain",
      "42.without=care",
      "42.n",
      // What would hang, break for want of nodes, or quietly mean another run.
      "42.n0",
      "42.n999999999",
      "42.c999999999",
      "42.t999999999",
      "42.without=toString",
      "42.-e",
      "42.-e-",
      "42.-e5-3",
      "42.-e1,",
      "42.-e0-99999",
    ])
      expect(decodeRun(text), text).toBeNull();
  });

  it("with nothing left out it is the run of the seed; what is left out does not happen", () => {
    const plan = planOf({ seed: 11n, options: {}, cuts: NO_CUTS });
    expect(run({ ...plan, millis: 5000 }).traceHash).toBe(
      runSeed({ seed: 11n, millis: 5000 }).traceHash,
    );
    const cut = planOf({ seed: 11n, options: {}, cuts: { ...NO_CUTS, episodes: [0], clients: 1 } });
    expect(cut.episodes).toEqual(plan.episodes.slice(1));
    expect(cut.clients).toBe(1);
  });
});

describe("a run that breaks", () => {
  const options = { rules: { voteOncePerTerm: false }, millis: 12_000 };
  const seeds = Array.from({ length: 60 }, (_, i) => BigInt(i + 1));
  const seed = seeds.find((one) => runSeed({ seed: one, ...options }).broken.length > 0) ?? 0n;
  const broken: RunCode = { seed, options, cuts: NO_CUTS };

  it("is cut down to what still breaks the same promise, and written as a test", () => {
    const first = run(planOf(broken));
    expect(first.broken).not.toEqual([]);
    const small = shrink(broken, breaksLike(first), 60);
    if (small === null) return expect.unreachable();
    const again = run(planOf(small.run));
    expect(again.broken).toEqual(small.report.broken);
    expect(planOf(small.run).episodes.length).toBeLessThan(planOf(broken).episodes.length);
    expect(small.tried).toBeLessThanOrEqual(60);
    const text = scenarioOf(planOf(small.run), encodeRun(small.run), small.report.broken);
    expect(text).toContain(`quorate sim --run ${encodeRun(small.run)}`);
    expect(text).toContain(small.report.broken[0]);
  });

  it("and one that does not break is not cut at all", () => {
    const sound = { ...broken, options: { millis: 4000 } };
    expect(shrink(sound, breaksLike(run(planOf(broken))), 10)).toBeNull();
  });
});

describe("a recorded run", () => {
  const recorded = (seed: bigint): Recorder => {
    const recorder = new Recorder();
    run(planOf({ seed, options: { millis: 2000 }, cuts: NO_CUTS }), recorder);
    return recorder;
  };

  it("is the same event by event when it is repeated, and says where it is not", () => {
    const [one, again, other] = [recorded(3n), recorded(3n), recorded(4n)];
    expect(one.events.length).toBeGreaterThan(500);
    expect(driftOf(one.events, again.events)).toBeNull();
    const drift = driftOf(one.events, other.events);
    expect(drift?.found).not.toBe(drift?.expected);
    const cut = driftOf(one.events, one.events.slice(0, 100));
    expect(cut).toMatchObject({ at: 100, found: "nothing more" });
  });

  it("records what each host knew: an event that hears another stands behind it (ShiViz)", () => {
    const { events } = recorded(3n);
    const last = new Map<string, number>();
    let heard = 0;
    for (const { host, clock, what } of events) {
      const own = clock[host] ?? 0;
      expect(own).toBe((last.get(host) ?? 0) + 1);
      last.set(host, own);
      if (!what.startsWith("hears ")) continue;
      heard++;
      expect(clock[what.slice(6)]).toBeGreaterThan(0);
    }
    expect(heard).toBeGreaterThan(50);
    const lines = recorded(3n).toShiViz().split("\n");
    expect(lines[0]).toMatch(/^\S+ \{.*\}$/);
    expect(JSON.parse((lines[0] ?? "").replace(/^\S+ /, ""))).toBeTypeOf("object");
  });
});
