import {
  CLUSTER_MODELS,
  codeOf,
  decodeRun,
  encodeRun,
  FAMILIES,
  FAULT_TYPES,
  MODELS,
  type Model,
  PROFILES,
  profileNamed,
  weakerThan,
} from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** They acknowledge what a failure may take back: nothing is owed that stands on that. */
const MAY_LOSE = ["mysql", "primary-async"];

describe("profiles are registered in one table", () => {
  it("each under a name of its own, by which it is found", () => {
    expect(new Set(PROFILES.map(({ name }) => name)).size).toBe(PROFILES.length);
    for (const profile of PROFILES) expect(profileNamed(profile.name)).toBe(profile);
    expect(profileNamed("gossip")).toBeNull();
  });

  for (const { name, promised } of PROFILES) {
    const promises: readonly Model[] = promised;
    it(`${name}: whoever is promised a model is promised all that follow from it, and what every cluster owes`, () => {
      const always = MAY_LOSE.includes(name) ? [] : CLUSTER_MODELS;
      const owed = [...promises.flatMap(weakerThan), ...always];
      expect(owed.filter((model) => !promises.includes(model))).toEqual([]);
      expect(promises.filter((model) => !MODELS.includes(model))).toEqual([]);
    });
  }

  it("reads of any replica are promised no guarantee that a client takes along to another", () => {
    const promised: readonly Model[] = profileNamed("etcd-local-reads")?.promised ?? [];
    for (const model of ["linearizable", "sequential", "read-your-writes", "monotonic-reads"])
      expect(promised).not.toContain(model);
  });
});

describe("families of faults", () => {
  it("hold every fault once, and all of them together", () => {
    const [none, ...rest] = FAMILIES;
    const all = rest.pop();
    expect(none).toEqual({ name: "none", faults: [] });
    expect(all).toEqual({ name: "all", faults: FAULT_TYPES });
    expect(rest.flatMap(({ faults }) => faults).sort()).toEqual([...FAULT_TYPES].sort());
    for (const { name, faults } of rest) expect(faults.length, name).toBeGreaterThan(0);
  });

  it("make runs that can be written as a line and read again", () => {
    for (const profile of PROFILES)
      for (const family of FAMILIES)
        for (const seed of [1, 3]) {
          const code = codeOf(profile, family, seed);
          expect(decodeRun(encodeRun(code))).toEqual(code);
        }
  });
});
