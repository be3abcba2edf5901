import {
  AddressUnusable,
  CertificateUnusable,
  DirectoryInUse,
  DirectoryUnusable,
  DiskFull,
  JoinFailed,
  JournalDamaged,
  JournalUnusable,
  StartRefused,
} from "@quorate/server";
import { describe, expect, it } from "vitest";
import { errorFrom, reportOf } from "../../../src/embedded/worker/error-report.ts";

const travelled = (thrown: unknown): Error => errorFrom(structuredClone(reportOf(thrown)));

describe("an error from another thread", () => {
  it.each([
    new AddressUnusable("taken"),
    new CertificateUnusable("expired"),
    new DirectoryInUse("in use"),
    new DirectoryUnusable("unreadable"),
    new DiskFull("full"),
    new JoinFailed("not let in"),
    new JournalDamaged(["record 4"], "restore it"),
    new JournalUnusable("another's"),
    new StartRefused("a mix-up"),
    new RangeError("too far"),
  ])("$name is of its class, and says what it said", (error) => {
    const copy = travelled(error);
    expect(copy).toBeInstanceOf(error.constructor);
    expect([copy.name, copy.message, copy.stack]).toEqual([error.name, error.message, error.stack]);
    expect(copy).toEqual(error);
  });

  it("keeps its causes, with the codes of the system, as far as they are worth it", () => {
    const system = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
    const copy = travelled(new AddressUnusable("taken", { cause: system }));
    expect(copy.cause).toMatchObject({ message: "listen EADDRINUSE", code: "EADDRINUSE" });
    const circle = new Error("round");
    circle.cause = circle;
    let depth = 0;
    for (let at: unknown = travelled(circle); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(5);
  });

  it("of a class that is not ours is an Error with its name; what is no error becomes one", () => {
    const strange = Object.assign(new Error("odd"), { name: "Strange" });
    expect(travelled(strange)).toMatchObject({ name: "Strange", message: "odd" });
    expect(travelled("a text")).toMatchObject({ name: "Error", message: "a text" });
  });
});
