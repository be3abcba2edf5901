import { describe, expect, it } from "vitest";
import { CommandFailed, Exit } from "../../src/cli/exit.ts";
import { parseCompare, parseOperation, parseTxn } from "../../src/cli/txn-language.ts";

const b64 = (text: string): string => Buffer.from(text).toString("base64");

describe("comparisons", () => {
  it.each([
    ["value(k) = v", { target: "VALUE", result: "EQUAL", key: b64("k"), value: b64("v") }],
    [
      'value("a b") != "c d"',
      { target: "VALUE", result: "NOT_EQUAL", key: b64("a b"), value: b64("c d") },
    ],
    ['value("a)") = ""', { target: "VALUE", result: "EQUAL", key: b64("a)"), value: "" }],
    ["version(k) > 0", { target: "VERSION", result: "GREATER", key: b64("k"), version: "0" }],
    ["create(k)=0", { target: "CREATE", result: "EQUAL", key: b64("k"), create_revision: "0" }],
    [
      "mod( k ) < 9223372036854775807",
      { target: "MOD", result: "LESS", key: b64("k"), mod_revision: "9223372036854775807" },
    ],
    ["lease(k) = 5", { target: "LEASE", result: "EQUAL", key: b64("k"), lease: "5" }],
  ])("%s", (text, want) => expect(parseCompare(text)).toEqual(want));

  it.each(["", "k = v", "size(k) = 1", "value(k)", "version(k) = many", "value(k) ~ v"])(
    "%j is a usage error",
    (text) => expectUsage(() => parseCompare(text)),
  );
});

describe("operations", () => {
  it.each([
    ["put k v", { request_put: { key: b64("k"), value: b64("v") } }],
    [`put 'a b' "c\\n\\"d"`, { request_put: { key: b64("a b"), value: b64('c\n"d') } }],
    ["get k", { request_range: { key: b64("k") } }],
    ["get a m", { request_range: { key: b64("a"), range_end: b64("m") } }],
    ["del --prefix a", { request_delete_range: { key: b64("a"), range_end: b64("b") } }],
    ['get --prefix ""', { request_range: { key: b64("\0"), range_end: b64("\0") } }],
  ])("%s", (text, want) => expect(parseOperation(text)).toEqual(want));

  it.each(["", "put k", "put k v w", "drop k", "get", "get a b --prefix"])(
    "%j is a usage error",
    (text) => expectUsage(() => parseOperation(text)),
  );
});

describe("a transaction on stdin", () => {
  it("is three paragraphs, the last of which may be missing", () => {
    const { compare, success, failure } = parseTxn(
      "value(k) = v\nversion(k) > 0\n\nput k w\n\nget k\n",
    );
    expect([compare.length, success.length, failure.length]).toEqual([2, 1, 1]);
    expect(parseTxn("\n\nput k w\n").failure).toEqual([]);
  });

  it("of four is a usage error", () =>
    expectUsage(() => parseTxn("\n\nget a\n\nget b\n\nget c\n")));
});

function expectUsage(act: () => unknown): void {
  expect(act).toThrow(CommandFailed);
  try {
    act();
  } catch (error) {
    expect((error as CommandFailed).exit).toBe(Exit.usage);
  }
}
