import { describe, expect, it } from "vitest";
import {
  ALL_DATA,
  DEFAULT_ISSUER_SETTINGS,
  LeaseTable,
  rangeOf,
  type TableSettings,
  ticks,
} from "../../../src/core/index.ts";

const LEASE = 1000;
/** By the issuer's clock, with its bound. */
const OWED = ticks(1010);

const tableWith = (settings: Partial<TableSettings> = {}): LeaseTable<string, number> =>
  new LeaseTable({ ...DEFAULT_ISSUER_SETTINGS, leaseTicks: LEASE, ...settings });

const at = ticks;

describe("a write of many data", () => {
  it("waits for the leases in its ranges, and for no others", () => {
    const table = tableWith();
    for (const datum of ["a", "b", "c"]) table.grant(at(0), datum, "H");
    expect(table.enter(at(1), 1, [{ from: "b", to: "c" }])).toBe(false);
    expect(table.recalls(at(1)).map(({ datum }) => datum)).toEqual(["b"]);
    expect(table.enter(at(1), 2, [{ from: "b\0", to: "c" }])).toBe(true);
  });

  it("goes on when the last of their holders has dropped what it had, not before", () => {
    const table = tableWith();
    table.grant(at(0), "a", "H1");
    table.grant(at(0), "b", "H2");
    table.enter(at(1), 1, [rangeOf("a"), rangeOf("b")]);
    const recalls = table.recalls(at(1));
    expect(recalls).toHaveLength(2);
    const freed = recalls.map(({ datum, holder, recall }) => {
      table.acknowledge(datum, holder, recall);
      return table.freed(at(2));
    });
    expect(freed).toEqual([[], [1]]);
  });

  it("of which one has answered waits for the other's lease, and is looked at again when that ends", () => {
    const table = tableWith();
    table.grant(at(0), "a", "dead");
    table.grant(at(500), "b", "H");
    table.enter(at(600), 1, [ALL_DATA]);
    const recall = table.recalls(at(600)).find(({ holder }) => holder === "H");
    table.acknowledge("b", "H", recall?.recall ?? 0);
    table.recalls(at(800));
    expect(table.wakeAt).toBe(1000);
    table.recalls(at(1000));
    expect(table.wakeAt).toBe(OWED);
    expect(table.freed(at(OWED - 1))).toEqual([]);
    expect(table.freed(OWED)).toEqual([1]);
  });

  it("lets nobody have a lease on any of them until it shows, and then everybody", () => {
    const table = tableWith();
    expect(table.enter(at(0), 1, [{ from: "b", to: null }])).toBe(true);
    expect(["a", "b", "z"].map((datum) => table.grant(at(1), datum, "H"))).toEqual([LEASE, 0, 0]);
    expect(table.unapplied()).toEqual([{ from: "b", to: null }]);
    table.done(1);
    expect(table.grant(at(2), "z", "H")).toBe(LEASE);
    expect(table.unapplied()).toEqual([]);
  });
});

it("what is granted behind a recall is not given up by its acknowledgement, though the write came to nothing", () => {
  const table = tableWith();
  table.grant(at(0), "a", "H");
  table.enter(at(1), 1, [rangeOf("a")]);
  const [recall] = table.recalls(at(1));
  table.done(1);
  expect(table.grant(at(2), "a", "H")).toBe(LEASE);
  table.enter(at(3), 2, [rangeOf("a")]);
  table.acknowledge("a", "H", recall?.recall ?? 0);
  expect(table.freed(at(3))).toEqual([]);
});

it("what an issuer before it may have granted stands against every write, and against no reader", () => {
  const table = tableWith();
  table.inherit(at(0), LEASE);
  expect(table.grant(at(1), "a", "H")).toBe(LEASE);
  expect(table.enter(at(1), 1, [rangeOf("b")])).toBe(false);
  expect(table.enter(at(1), 2, []), "what changes nothing").toBe(true);
  expect(table.freed(at(OWED - 1))).toEqual([]);
  expect(table.freed(OWED)).toEqual([1]);
});

it("is full with so many leases, of all or of one holder, until some have ended", () => {
  const table = tableWith({ leasesMax: 3, leasesPerHolderMax: 2 });
  const grants = (now: number, holder: string, ...data: readonly string[]): number[] =>
    data.map((datum) => table.grant(at(now), datum, holder));
  expect(grants(0, "H1", "a", "b", "c", "a")).toEqual([LEASE, LEASE, 0, LEASE]);
  expect(grants(0, "H2", "a", "b")).toEqual([LEASE, 0]);
  expect(table.size).toBe(3);
  expect(grants(OWED, "H2", "x", "y")).toEqual([LEASE, LEASE]);
  expect(table.size).toBe(2);
});

it("without writesWait a write is done at once, whoever relies on what it changes", () => {
  const table = tableWith({ rules: { ...DEFAULT_ISSUER_SETTINGS.rules, writesWait: false } });
  table.grant(at(0), "a", "H");
  expect(table.enter(at(1), 1, [rangeOf("a")])).toBe(true);
});
