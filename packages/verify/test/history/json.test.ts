import { describe, expect, it } from "vitest";
import { Malformed, parseHistory, parseJson } from "../../src/history/index.ts";
import { operations } from "../readers/recordings.ts";

describe("JSON", () => {
  it("keeps integers beyond 2^53 as they are written", () => {
    expect(parseJson('[9007199254740991,9007199254740993,{"a":-9223372036854775808}]')).toEqual([
      9007199254740991,
      "9007199254740993",
      { a: "-9223372036854775808" },
    ]);
  });

  it("leaves other numbers, and digits inside of strings, alone", () => {
    const text = '["12345678901234567890",0.12345678901234568,1e300,123456789012345]';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("is nested 500 deep at most", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(500))).toEqual(JSON.parse(nested(500)));
    expect(() => parseJson(nested(502))).toThrow(Malformed);
    expect(() => parseJson(nested(100_000), 7)).toThrow("line 7: nested deeper than 500");
    const big = `${nested(100_000).slice(0, 100_000)}12345678901234567890${"]".repeat(100_000)}`;
    expect(() => parseJson(big)).toThrow(Malformed);
  });

  it("of two numbers that differ beyond 2^53 makes two, in our own format and in Jepsen's", () => {
    const events = [
      '{"type":"invoke","process":0,"f":"write","value":9007199254740993,"time":1}',
      '{"type":"ok","process":0,"f":"write","value":9007199254740992,"time":2}',
    ];
    const header = '{"format":"quorate-history","version":1}';
    const [own] = parseHistory([header, ...events].join("\n"));
    expect([own?.input, own?.output]).toEqual(["9007199254740993", "9007199254740992"]);
    expect(operations("h.json", `[${events.join(",")}]`)).toEqual([
      '0 write "9007199254740993" → "9007199254740992" ok',
    ]);
  });
});
