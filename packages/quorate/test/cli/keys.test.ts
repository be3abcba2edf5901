import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64, keyRange, keyValueOutput } from "../../src/cli/keys.ts";
import { printable, table } from "../../src/cli/terminal.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "base64");

describe("ranges", () => {
  it("a prefix's range has exactly the keys that begin with it", () => {
    const word = fc.string({
      unit: fc.constantFrom("a", "b", "\u007f", "ÿ", "\u{10ffff}"),
      maxLength: 3,
    });
    const property = fc.property(word, word, (prefix, key) => {
      const { key: from, range_end: end = "" } = keyRange(prefix, undefined, true);
      const candidate = Buffer.from(key);
      const behindFrom = Buffer.compare(candidate, bytes(from)) >= 0;
      const beforeEnd =
        bytes(end).equals(Buffer.of(0)) || Buffer.compare(candidate, bytes(end)) < 0;
      // The empty key cannot exist, and the range of all keys begins behind it.
      if (key !== "") expect(behindFrom && beforeEnd).toBe(key.startsWith(prefix));
    });
    fc.assert(property, { seed: 7, numRuns: 2000 });
  });
});

describe("keys and values", () => {
  const answer = { create_revision: "1", mod_revision: "2", version: "3", lease: "0" };

  it("are texts where both are UTF-8, and base64 where one is not", () => {
    expect(keyValueOutput({ ...answer, key: base64("ä"), value: base64("€") })).toMatchObject({
      key: "ä",
      value: "€",
      encoding: "utf8",
    });
    const odd = Buffer.of(0xff).toString("base64");
    expect(keyValueOutput({ ...answer, key: base64("k"), value: odd })).toMatchObject({
      key: base64("k"),
      value: odd,
      encoding: "base64",
    });
  });
});

describe("tables", () => {
  it("align their columns and end no line in blanks", () => {
    expect(
      table(
        ["KEY", "VALUE"],
        [
          ["long key", "1"],
          ["k", ""],
        ],
      ),
    ).toBe("KEY       VALUE\nlong key  1\nk\n");
  });

  it("escape what would move the cursor", () => {
    expect(printable("a\u001b[2J\n\\")).toBe("a\\u001b[2J\\n\\\\");
  });
});
