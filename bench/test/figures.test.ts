import { expect, it } from "vitest";
import { figure } from "../figures.ts";

const of = (...values: readonly number[]) => values.map((value) => ({ value, cpuMicros: value }));

it("takes the ratio of each round with itself, so that what slowed both changes nothing", () => {
  const { ratio } = figure({
    what: "",
    unit: "/s",
    quorate: of(400, 200, 100),
    beside: of(100, 50, 25),
  });
  expect(ratio).toEqual({ median: 4, spreadPercent: 0 });
});

it("is met where all that is asked for is so, and undecided where nothing was measured", () => {
  const asked = (quorate: readonly number[], beside: readonly number[]) =>
    figure({
      what: "",
      unit: "/s",
      quorate: of(...quorate),
      beside: of(...beside),
      target: { ratioMin: 4, max: 900 },
    });
  expect(asked([800], [200])).toMatchObject({ wanted: "≥ 4×, ≤ 900 /s", met: true });
  expect(asked([1000], [200]).met).toBe(false);
  expect(asked([600], [200]).met).toBe(false);
  expect(figure({ what: "", unit: "", quorate: [], target: { max: 1 } }).met).toBe(null);
});
