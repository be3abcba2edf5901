import { describe, expect, it } from "vitest";
import { checkFencing, checkLeases, checkWatch } from "../../src/domain/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { operation } from "../objects/histories.ts";

const named = (verdict: Verdict): string =>
  verdict.type === "violation" ? `${verdict.anomaly} ${verdict.core.join(" ")}` : verdict.type;

describe("locks with fencing", () => {
  const acquire = (i: number, at: readonly [number, number], fence: number) =>
    operation(i, at, "acquire", null, { fence });
  const use = (
    i: number,
    at: readonly [number, number],
    fence: number,
    outcome: "ok" | "failed" = "ok",
  ) => operation(i, at, "use", fence, null, outcome);

  it("a holder that comes late is refused", () => {
    const history = [
      acquire(0, [0, 1], 1),
      acquire(1, [2, 3], 2),
      use(2, [4, 5], 2),
      use(3, [6, 7], 1, "failed"),
    ];
    expect(named(checkFencing(history))).toBe("ok");
  });

  it("a late holder that is accepted is a lost update", () => {
    const history = [
      acquire(0, [0, 1], 1),
      acquire(1, [2, 3], 2),
      use(2, [4, 5], 2),
      use(3, [6, 7], 1),
    ];
    expect(named(checkFencing(history))).toBe("stale-fence 2 3");
  });

  it("uses at once may be accepted in any order", () => {
    const history = [
      acquire(0, [0, 1], 1),
      acquire(1, [2, 3], 2),
      use(2, [4, 7], 2),
      use(3, [6, 7], 1),
    ];
    expect(named(checkFencing(history))).toBe("ok");
  });

  it("fences rise, and none is given twice", () => {
    expect(named(checkFencing([acquire(0, [0, 1], 5), acquire(1, [2, 3], 4)]))).toBe(
      "fence-order 0 1",
    );
    expect(named(checkFencing([acquire(0, [0, 9], 5), acquire(1, [2, 3], 5)]))).toBe(
      "fence-order 0 1",
    );
    expect(named(checkFencing([acquire(0, [0, 9], 5), acquire(1, [2, 3], 4)]))).toBe("ok");
  });

  it("nobody uses a fence that nobody was given, unless an acquisition's outcome is unknown", () => {
    expect(named(checkFencing([use(0, [0, 1], 3)]))).toBe("unknown-fence 0");
    const lost = operation(0, [0, 0], "acquire", null, null, "unknown");
    expect(named(checkFencing([lost, use(1, [2, 3], 3)]))).toBe("ok");
  });
});

describe("leases", () => {
  const grant = (i: number, at: readonly [number, number], ttl: number) =>
    operation(i, at, "grant", ttl);
  const renew = (i: number, at: readonly [number, number], ttl: number) =>
    operation(i, at, "renew", ttl);
  const alive = (i: number, at: readonly [number, number], answer: boolean) =>
    operation(i, at, "alive", null, answer);
  const revoke = (i: number, at: readonly [number, number]) => operation(i, at, "revoke", null);

  it("end after their time, and either answer is right in between", () => {
    const history = [
      grant(0, [0, 10], 100),
      alive(1, [20, 30], true),
      alive(2, [99, 105], false),
      alive(3, [105, 106], true),
    ];
    expect(named(checkLeases(history, 0))).toBe("ok");
  });

  it("never end early", () => {
    expect(named(checkLeases([grant(0, [0, 10], 100), alive(1, [20, 99], false)], 0))).toBe(
      "expired-early 0 1",
    );
    const renewed = [grant(0, [0, 10], 100), renew(1, [50, 60], 100), alive(2, [120, 140], false)];
    expect(named(checkLeases(renewed, 0))).toBe("expired-early 1 2");
  });

  it("do not outlive their time and the slack", () => {
    const history = [grant(0, [0, 10], 100), alive(1, [120, 121], true)];
    expect(named(checkLeases(history, 0))).toBe("outlived 0 1");
    expect(named(checkLeases(history, 10))).toBe("ok");
  });

  it("a renewal of unknown outcome may hold for ever", () => {
    const lost = operation(1, [50, 50], "renew", 100, null, "unknown");
    expect(named(checkLeases([grant(0, [0, 10], 100), lost, alive(2, [900, 901], true)], 0))).toBe(
      "ok",
    );
  });

  it("are over when revoked, and were not before they were granted", () => {
    const history = [grant(0, [0, 10], 100), revoke(1, [20, 30]), alive(2, [40, 41], true)];
    expect(named(checkLeases(history, 0))).toBe("alive-after-revoke 1 2");
    expect(named(checkLeases([...history.slice(0, 2), alive(2, [25, 41], true)], 0))).toBe("ok");
    expect(named(checkLeases([alive(0, [0, 1], true)], 0))).toBe("never-granted 0");
  });
});

describe("watch streams", () => {
  const put = (i: number, value: number, revision: number) =>
    operation(i, [i, i], "put", value, { revision });
  const watch = (
    i: number,
    from: number,
    events: readonly (readonly [number, number | null])[],
    process = 50,
  ) => ({
    ...operation(i, [i, 100 + i], "watch", { from }, events),
    process,
  });
  const puts = [put(0, 10, 2), put(1, 11, 3), put(2, 12, 5)];

  it("deliver all changes from where they begin, in order", () => {
    expect(
      named(
        checkWatch([
          ...puts,
          watch(3, 3, [
            [3, 11],
            [5, 12],
          ]),
        ]),
      ),
    ).toBe("ok");
    expect(
      named(
        checkWatch([
          ...puts,
          watch(3, 2, [
            [2, 10],
            [3, 11],
          ]),
        ]),
      ),
    ).toBe("ok");
  });

  it.each([
    [
      "gap 1 3",
      2,
      [
        [2, 10],
        [5, 12],
      ],
    ],
    ["gap 0 3", 2, [[3, 11]]],
    [
      "duplicate 3",
      2,
      [
        [2, 10],
        [2, 10],
      ],
    ],
    [
      "disorder 3",
      2,
      [
        [2, 10],
        [5, 12],
        [3, 11],
      ],
    ],
    ["before-start 3", 3, [[2, 10]]],
    ["invented 0 3", 2, [[2, 99]]],
    [
      "invented 3",
      2,
      [
        [2, 10],
        [3, 11],
        [4, 99],
      ],
    ],
  ] as const)("%s is found", (want, from, events) => {
    expect(named(checkWatch([...puts, watch(3, from, events)]))).toBe(want);
  });

  it("are resumed where they ended, not one too far", () => {
    const first = watch(3, 2, [[2, 10]]);
    expect(named(checkWatch([...puts, first, watch(4, 3, [[3, 11]])]))).toBe("ok");
    expect(named(checkWatch([...puts, first, watch(4, 4, [[5, 12]])]))).toBe("gap 1 4");
    expect(named(checkWatch([...puts, first, watch(4, 4, [[5, 12]], 51)]))).toBe("ok");
  });

  it("may show a put of unknown outcome, and deletions as null", () => {
    const lost = operation(0, [0, 0], "put", 7, null, "unknown");
    const gone = operation(1, [1, 1], "delete", null, { revision: 4 });
    expect(
      named(
        checkWatch([
          lost,
          gone,
          watch(2, 2, [
            [3, 7],
            [4, null],
          ]),
        ]),
      ),
    ).toBe("ok");
  });
});
