import { nodeId } from "@quorate/kernel/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  asProfiled,
  changeRefused,
  DEFAULT_OPTIONS,
  LOSSES,
  PROFILE_NAMES,
  parseTerms,
  profileOf,
  READS,
  type Terms,
  termsRefused,
  termsText,
} from "../../src/replica/index.ts";
import { lastingTerms } from "../../src/replica/terms.ts";

const TERMS = fc.record({
  profile: fc.constantFrom(...PROFILE_NAMES),
  sync: fc.option(fc.integer({ min: 1, max: 63 })),
  reads: fc.constantFrom(...READS),
  loss: fc.option(fc.constantFrom(...LOSSES)),
  prefer: fc.option(fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }).map(nodeId)),
  pull: fc.option(fc.integer({ min: 10, max: 10_000 })),
});

describe("the text of a keyspace's terms", () => {
  it("says them all and is the only one that does: replicas compare it", () => {
    fc.assert(
      fc.property(TERMS, (terms: Terms) => {
        expect(parseTerms(termsText(terms))).toEqual(terms);
      }),
      { seed: 3 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z+=\d]{0,20}$/), (text) => {
        const terms = parseTerms(text);
        if (terms !== null) expect(termsText(terms)).toBe(text);
      }),
      { seed: 3 },
    );
  });

  it.each([
    "mysql+sync=02",
    "primary-async+pull=0500",
    "primary-async+pull=5s",
    "mysql+sync=",
    "mysql+reads=local+sync=2",
    "mysql+sync=2+sync=3",
    "etcd+reads=linearizable",
    "etcd+reads=fresh",
    "etcd+",
    "etcd+sync=2=3",
  ])("%s is none", (text) => {
    expect(parseTerms(text)).toBeNull();
    expect(profileOf(DEFAULT_OPTIONS.profiles, text)).toBeNull();
  });
});

describe("a profile under terms", () => {
  const holders = (text: string, inSync: number): number | undefined =>
    profileOf(DEFAULT_OPTIONS.profiles, text)?.office?.holders(inSync, 5);

  it("is appointed by as many as hold what was acknowledged", () => {
    expect([holders("mysql", 5), holders("mysql", 1)]).toEqual([2, 1]);
    expect([holders("mysql+sync=3", 5), holders("mysql+sync=3", 2)]).toEqual([4, 2]);
  });

  it("is none where the profile leaves no choice", () => {
    for (const text of [
      "etcd+sync=1",
      "waro+sync=1",
      "zookeeper+reads=lease",
      "waro+loss=promote",
      "mysql+pull=500",
      "primary-async+pull=9",
      "primary-async+pull=10001",
      "unheard",
    ])
      expect(profileOf(DEFAULT_OPTIONS.profiles, text)).toBeNull();
  });
});

it("a write that waits for a secondary needs one", () => {
  const refused = (profile: string, replicas: number): string | null => {
    const known = DEFAULT_OPTIONS.profiles.get(profile);
    if (known === undefined) throw new RangeError(`no profile ${profile}`);
    return termsRefused(asProfiled(profile), known, replicas);
  };
  expect(refused("mysql", 1)).toContain("there is no secondary");
  expect(refused("mysql", 2)).toBeNull();
  expect(refused("primary-async", 1)).toBeNull();
});

it("what is lost with a primary is waited for where that was chosen, and nowhere else lost at all", () => {
  const loss = (text: string) => profileOf(DEFAULT_OPTIONS.profiles, text)?.office?.loss;
  expect(loss("mysql")).toBe("promote");
  expect(loss("mysql+sync=2+loss=wait")).toBe("wait");
  expect(loss("primary-sync")).toBe("wait");
});

it("local reads and wishes of who leads come and go while a keyspace serves, and are no part of what it was born with", () => {
  const etcd = asProfiled("etcd");
  const wish = { loss: "wait", prefer: nodeId(7n) } as const;
  expect(changeRefused(asProfiled("mysql"), { ...asProfiled("mysql"), ...wish })).toBeNull();
  expect(lastingTerms(termsText({ ...asProfiled("mysql"), ...wish, sync: 2 }))).toBe(
    "mysql+sync=2",
  );
  expect(changeRefused(etcd, { ...etcd, reads: "local" })).toBeNull();
  expect(changeRefused({ ...etcd, reads: "local" }, etcd)).toBeNull();
  expect(changeRefused(etcd, { ...etcd, reads: "lease" })).toContain("lease");
  expect(changeRefused(etcd, { ...etcd, profile: "chubby" })).toContain("for life");
  const pulled = { ...asProfiled("primary-async"), pull: 500 };
  expect(changeRefused(pulled, { ...pulled, pull: null })).toContain("for life");
  expect(lastingTerms(termsText({ ...pulled, ...wish }))).toBe("primary-async+pull=500");
  expect(changeRefused({ ...etcd, sync: 1 }, { ...etcd, sync: 2 })).toContain("relies on");
});
