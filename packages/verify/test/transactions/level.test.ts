import { describe, expect, it } from "vitest";
import { impliedAnomalies, implies, proscribedBy } from "../../src/transactions/elle/level.ts";
import { isElleLevel } from "../../src/transactions/index.ts";

describe("the lattice of consistency models", () => {
  it("knows its names, and no others", () => {
    for (const name of ["serializable", "PL-3", "strong-session-PL-2", "ROLA"]) {
      expect([name, isElleLevel(name)]).toEqual([name, true]);
    }
    for (const name of ["", "Serializable", "toString", "constructor"]) {
      expect([name, isElleLevel(name)]).toEqual([name, false]);
    }
  });

  it("orders them as Adya, Bailis, Cerone and Daudjee do", () => {
    expect(implies("strict-serializable", "read-uncommitted")).toBe(true);
    expect(implies("serializable", "repeatable-read")).toBe(true);
    expect(implies("serializable", "snapshot-isolation")).toBe(true);
    expect(implies("repeatable-read", "snapshot-isolation")).toBe(false);
    expect(implies("snapshot-isolation", "repeatable-read")).toBe(false);
    expect(implies("serializable", "strong-session-snapshot-isolation")).toBe(false);
  });

  it("proscribes what implies a proscribed anomaly, and not what is only similar", () => {
    expect(proscribedBy("snapshot-isolation")).toContain("G-single-item");
    expect(proscribedBy("snapshot-isolation")).toContain("G-nonadjacent-item");
    expect(proscribedBy("snapshot-isolation")).not.toContain("G2-item");
    expect(proscribedBy("repeatable-read")).toContain("G2-item");
    expect(proscribedBy("repeatable-read")).toContain("G-single-item");
    expect(proscribedBy("repeatable-read")).not.toContain("G-single");
    expect(proscribedBy("read-uncommitted")).not.toContain("G1c");
    expect(proscribedBy("serializable")).not.toContain("G-single-item-process");
    expect(proscribedBy("strict-serializable")).toContain("G-single-item-process");
  });

  it("a write cycle is also one of information, and of every order", () => {
    expect([...impliedAnomalies("G0")]).toEqual(
      expect.arrayContaining(["G1c", "G1", "G0-process", "G0-realtime", "G1c-realtime"]),
    );
    expect(impliedAnomalies("G2-item")).not.toContain("G-single-item");
  });
});
