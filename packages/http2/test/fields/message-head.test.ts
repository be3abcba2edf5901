import { describe, expect, it } from "vitest";
import { HeaderList, requestHead, responseHead } from "../../src/protocol/index.ts";

type Pair = readonly [string, string];
const base: readonly Pair[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a/b"],
  [":authority", "host"],
];
const without = (name: string): readonly Pair[] => base.filter(([each]) => each !== name);
const reason = (...pairs: readonly Pair[]): string | null => {
  const head = requestHead(HeaderList.of(...pairs));
  return head.type === "Violation" ? head.reason : null;
};

describe("a request (RFC 9113 §8.3.1)", () => {
  it("is read", () => {
    expect(requestHead(HeaderList.of(...base, ["content-length", "12"]))).toEqual({
      type: "Request",
      method: "POST",
      path: "/a/b",
      authority: "host",
      contentLength: 12,
    });
  });

  it("is read once for each list", () => {
    const list = HeaderList.of(...base);
    expect(requestHead(list)).toBe(requestHead(list));
  });

  const malformed: Readonly<Record<string, readonly Pair[]>> = {
    "no :method": without(":method"),
    "no :scheme": without(":scheme"),
    "no :path": without(":path"),
    "an empty :path": [...without(":path"), [":path", ""]],
    "a :path that begins with no slash": [...without(":path"), [":path", "a"]],
    ":path * with another method than OPTIONS": [...without(":path"), [":path", "*"]],
    ":method twice": [...base, [":method", "POST"]],
    ":scheme twice": [...base, [":scheme", "http"]],
    ":path twice": [...base, [":path", "/"]],
    ":authority twice": [...base, [":authority", "host"]],
    "an unknown pseudo-header field": [...base, [":test", "x"]],
    "a response's pseudo-header field": [...base, [":status", "200"]],
    "a pseudo-header field after a regular one": [...without(":path"), ["x", "y"], [":path", "/"]],
    "an authority that is not the host": [...base, ["host", "other"]],
    "host twice": [...without(":authority"), ["host", "a"], ["host", "a"]],
    "CONNECT with a path": [...without(":method"), [":method", "CONNECT"]],
    "§8.2.1: an upper-case name": [...base, ["X-Test", "y"]],
    "§8.2.1: a name with a blank": [...base, ["x test", "y"]],
    "§8.2.1: a name beyond ASCII": [...base, ["x\u00e9", "y"]],
    "§8.2.1: a name with a colon inside": [...base, ["x:y", "z"]],
    "§8.2.1: an empty name": [...base, ["", "z"]],
    "§8.2.1: a value with NUL": [...base, ["x", "a\0b"]],
    "§8.2.1: a value with CR": [...base, ["x", "a\rb"]],
    "§8.2.1: a value with LF": [...base, ["x", "a\nb"]],
    "§8.2.1: a value that begins with a blank": [...base, ["x", " a"]],
    "§8.2.1: a value that ends with a tab": [...base, ["x", "a\t"]],
    "§8.2.2: connection": [...base, ["connection", "close"]],
    "§8.2.2: proxy-connection": [...base, ["proxy-connection", "close"]],
    "§8.2.2: keep-alive": [...base, ["keep-alive", "1"]],
    "§8.2.2: transfer-encoding": [...base, ["transfer-encoding", "chunked"]],
    "§8.2.2: upgrade": [...base, ["upgrade", "h2c"]],
    "§8.2.2: te of another value than trailers": [...base, ["te", "trailers, deflate"]],
    "a content-length that is no number": [...base, ["content-length", "-1"]],
    "two content-lengths that differ": [...base, ["content-length", "1"], ["content-length", "2"]],
  };
  for (const [title, pairs] of Object.entries(malformed)) {
    it(`is malformed with ${title}`, () => expect(reason(...pairs)).not.toBeNull());
  }

  const wellFormed: Readonly<Record<string, readonly Pair[]>> = {
    "te: trailers": [...base, ["te", "trailers"]],
    "host instead of :authority": [...without(":authority"), ["host", "a"]],
    "host equal to :authority": [...base, ["host", "host"]],
    "OPTIONS *": [
      [":method", "OPTIONS"],
      [":scheme", "http"],
      [":path", "*"],
    ],
    CONNECT: [
      [":method", "CONNECT"],
      [":authority", "a:1"],
    ],
    "bytes beyond ASCII in a value": [...base, ["x", "\u00ff"]],
  };
  for (const [title, pairs] of Object.entries(wellFormed)) {
    it(`is well-formed with ${title}`, () => expect(reason(...pairs)).toBeNull());
  }
});

describe("a response (RFC 9113 §8.3.2)", () => {
  const type = (...pairs: readonly Pair[]): string => responseHead(HeaderList.of(...pairs)).type;

  it("has one status of three digits", () => {
    expect(type([":status", "200"])).toBe("Response");
    expect(type([":status", "20"])).toBe("Violation");
    expect(type([":status", "200"], [":status", "200"])).toBe("Violation");
    expect(type(["x", "y"])).toBe("Violation");
  });

  it("is never 101, and has no pseudo-header field of a request", () => {
    expect(type([":status", "101"])).toBe("Violation");
    expect(type([":status", "200"], [":path", "/"])).toBe("Violation");
  });
});
