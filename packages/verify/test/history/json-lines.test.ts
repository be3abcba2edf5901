import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Event,
  formatHistory,
  HISTORY_HEADER,
  type History,
  Malformed,
  pair,
  parseHistory,
  parseJson,
} from "../../src/history/index.ts";
import { readText, recording } from "../readers/recordings.ts";

const event = (
  type: Event["type"],
  process: number | null,
  f: string,
  time: number,
  value?: Event["value"],
): Event => ({
  type,
  process,
  f,
  key: null,
  value,
  time,
});

describe("pairing", () => {
  it("joins a process's call with its return", () => {
    const events = [event("invoke", 1, "write", 0, 7), event("ok", 1, "write", 5)];
    expect(pair(events)).toMatchObject([
      { index: 0, process: 1, input: 7, output: null, called: 0, returned: 5, outcome: "ok" },
    ]);
  });

  it("leaves open what never returned, and what its process went on without", () => {
    const events = [
      event("invoke", 1, "write", 0, 1),
      event("invoke", 1, "write", 1, 2),
      event("ok", 1, "write", 2),
      event("invoke", 2, "read", 3),
    ];
    expect(pair(events).map(({ outcome }) => outcome)).toEqual(["unknown", "ok", "unknown"]);
  });

  it("never closes an operation of unknown outcome", () => {
    const [only] = pair([event("invoke", 1, "write", 0, 1), event("unknown", 1, "write", 9)]);
    expect(only).toMatchObject({ outcome: "unknown", returned: Number.POSITIVE_INFINITY });
  });

  it("takes a return without a call for an operation of that moment", () => {
    expect(pair([event("ok", 1, "read", 4, 3)])).toMatchObject([
      { called: 4, returned: 4, output: 3, outcome: "ok" },
    ]);
  });

  it("pairs by what was done where no process is named", () => {
    const events = [
      event("invoke", null, "read", 0),
      event("invoke", null, "write", 1, 5),
      event("invoke", null, "write", 2, 6),
      event("ok", null, "write", 3, 6),
      event("ok", null, "read", 4, [6]),
    ];
    expect(pair(events).map(({ outcome }) => outcome)).toEqual(["ok", "unknown", "ok"]);
  });
});

describe("the format", () => {
  it("gives back what was written", () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(parseHistory([...formatHistory(history)].join(""))).toEqual(history);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  const wrong: readonly (readonly [title: string, text: string, line: number])[] = [
    ["without its header", '{"type":"invoke"}\n', 1],
    ["empty", "", 0],
    ["with a line that is no object", `${HISTORY_HEADER}\n[1]\n`, 2],
    [
      "with a type that it does not know",
      `${HISTORY_HEADER}\n\n{"type":"done","process":1,"f":"x","time":1}\n`,
      3,
    ],
    [
      "with a process that is no number",
      `${HISTORY_HEADER}\n{"type":"ok","process":"a","f":"x","time":1}`,
      2,
    ],
    ["without a time", `${HISTORY_HEADER}\n{"type":"ok","process":1,"f":"x"}`, 2],
    [
      "with a process that goes back",
      `${HISTORY_HEADER}\n{"type":"invoke","process":1,"f":"x","time":2}\n{"type":"ok","process":1,"f":"x","time":1}`,
      3,
    ],
  ];
  it("refuses a completion of something else than its process had invoked", () => {
    const lines = [
      HISTORY_HEADER,
      '{"type":"invoke","process":0,"f":"read","value":null,"time":1}',
      '{"type":"ok","process":0,"f":"write","value":1,"time":2}',
    ];
    expect(() => parseHistory(lines.join("\n"))).toThrow("had invoked read");
  });

  it("has its header however it is spaced, after a byte order mark, with either end of line", () => {
    const header = '{ "version": 1, "format": "quorate-history" }';
    const event = '{"type":"ok","process":1,"f":"read","value":3,"time":4}';
    const text = `\uFEFF${header}\r\n${event}\r\n`;
    expect(recording("history.jsonl", text)).toMatchObject({
      format: "quorate",
      history: [{ f: "read", output: 3 }],
    });
  });

  it("is told from others by its header, whatever the version", () => {
    expect(readText("h.jsonl", HISTORY_HEADER.replace("1", "2"))).toMatchObject({
      ok: false,
      why: expect.stringContaining("line 1: version 2, and 1 is read"),
    });
  });

  it.each(wrong)("refuses a file %s, and says where", (_, text, line) => {
    expect(() => parseHistory(text)).toThrow(Malformed);
    expect(() => parseHistory(text)).toThrow(line === 0 ? "" : `line ${line}:`);
  });
});

/** Processes that do one thing after another, each with gaps and lengths of its own. */
const histories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      process: fc.nat(3),
      gap: fc.nat(3),
      length: fc.nat(4),
      f: fc.constantFrom("read", "write"),
      key: fc.constantFrom(null, "a"),
      value: fc.jsonValue({ maxDepth: 2 }),
      outcome: fc.constantFrom("ok", "failed", "unknown"),
    }),
    { maxLength: 12 },
  )
  .map((acts) => {
    const clocks = new Map<number, number>();
    const events: Event[] = [];
    for (const { process, gap, length, f, key, value, outcome } of acts) {
      const called = (clocks.get(process) ?? 0) + gap + 1;
      clocks.set(process, called + length + 1);
      const common = { process, f, key };
      const clean = parseJson(JSON.stringify(value));
      events.push({ ...common, type: "invoke", value: clean, time: called });
      if (outcome === "unknown") continue;
      events.push({ ...common, type: outcome as "ok", value: clean, time: called + length });
    }
    return pair(events.sort((a, b) => a.time - b.time));
  });
