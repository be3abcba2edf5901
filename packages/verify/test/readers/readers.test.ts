import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEdn } from "../../src/readers/edn.ts";
import { FORMATS, readRecording, transactionsOf } from "../../src/readers/index.ts";
import { utf8 } from "../../src/readers/utf8.ts";
import { operations, readText, recording, transactions } from "./recordings.ts";

const edn = (text: string) => [...parseEdn(text)];

describe("EDN", () => {
  it("reads what histories are made of", () => {
    const text =
      '[1 -2 3.5 :a/b sym nil true false "x\\n\\u0041" \\newline #{1 2} (3), {:k [4] 5 6}]';
    expect(edn(text)).toEqual([
      [1, -2, 3.5, "a/b", "sym", null, true, false, "x\nA", "\n", [1, 2], [3], { k: [4], "5": 6 }],
    ]);
  });

  it("passes over comments, tags, metadata and what is discarded", () => {
    const text = '; a line\n#inst "2020" #_ [1 2] ^:m [3] #jepsen.history.Op{:index 0} #_ 5';
    expect(edn(text)).toEqual(["2020", [3], { index: 0 }]);
  });

  it("keeps integers that a double cannot hold as text", () => {
    expect(edn("9007199254740993 12N 1/2")).toEqual(["9007199254740993", 12, "1/2"]);
  });

  it.each([["[1 2"], ["{:a}"], ['"x'], ["]"], ["#"], [`${"[".repeat(600)}`]])(
    "refuses %s",
    (text) => {
      expect(readText("x.edn", text).ok).toBe(false);
    },
  );

  it("says in which line", () => {
    expect(readText("x.edn", "{:type :ok}\n{:type :ok}\n}")).toMatchObject({
      ok: false,
      why: "x.edn: line 3: unexpected } (taken for jepsen-edn; say otherwise with --format)",
    });
  });
});

describe("Jepsen's operation maps", () => {
  it("come in one vector, or one after another, as EDN or JSON", () => {
    const want = ["1 read null → 5 ok", "2 write 5 → 5 ok"];
    const maps = [
      "{:process 1, :type :invoke, :f :read, :value nil}",
      "{:process 2, :type :invoke, :f :write, :value 5}",
      "{:process :nemesis, :type :info, :f :kill, :value nil}",
      "{:process 2, :type :ok, :f :write, :value 5}",
      "{:process 1, :type :ok, :f :read, :value 5}",
    ];
    expect(operations("h.edn", `[${maps.join("\n ")}]`)).toEqual(want);
    expect(operations("h.edn", `(${maps.join("\n ")})`)).toEqual(want);
    expect(operations("h.edn", maps.join("\n"))).toEqual(want);
    const json = maps.map((map) =>
      map
        .replace(/:(process|type|f|value) /g, '"$1":')
        .replace(/:(\w+)/g, (all, word: string) => (/^\d|nil/.test(word) ? all : `:"${word}"`)),
    );
    const lines = json.map((line) =>
      line.replace(/""/g, '"').replace(/::/g, ":").replace(/nil/g, "null"),
    );
    expect(operations("h.json", `[${lines.join(",\n")}]`)).toEqual(want);
    expect(operations("h.json", lines.join("\n"))).toEqual(want);
  });

  it("may leave out processes and names, as Elle's and comments do", () => {
    const text = "{:type :invoke, :value [[:append 1 2]]} {:type :ok, :value [[:append 1 2]]}";
    expect(operations("h.edn", text)).toEqual(['0 txn [["append",1,2]] → [["append",1,2]] ok']);
  });

  it("refuse a type that nobody knows", () => {
    expect(readText("h.edn", "{:process 1 :type :maybe :f :read}").ok).toBe(false);
  });
});

describe("Jepsen's text log", () => {
  it("is read among noise; a failed comparison keeps its value, a time-out leaves the outcome open", () => {
    const text = [
      "INFO  jepsen.core - noise",
      "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]",
      "INFO  jepsen.util - 1   :invoke :read   nil",
      "INFO  jepsen.util - 0\t:fail\t:cas\t[1 2]",
      "INFO  jepsen.util - 2\t:invoke\t:write\t3",
      "INFO  jepsen.util - 1   :fail   :read   :timed-out",
      "INFO  jepsen.util - 2\t:info\t:write\t:timed-out",
    ].join("\n");
    expect(operations("x.log", text)).toEqual([
      "0 cas [1,2] → [1,2] failed",
      "1 read null → null failed",
      "2 write 3 → null unknown",
    ]);
  });
});

describe("Elle's transactions", () => {
  it("answer where they succeeded: an empty list for nil, or the initial state of a register", () => {
    const lists = recording(
      "h.edn",
      "{:type :ok :process 0 :value [[:append 1 2] [:r 3 nil]]} {:type :info :process 1 :value [[:r 1 nil]]}",
    );
    expect(transactionsOf(lists).transactions.map(({ steps }) => steps)).toEqual([
      [
        { type: "append", key: 1, value: 2 },
        { type: "read-list", key: 3, value: [] },
      ],
      [{ type: "blind-read", key: 1 }],
    ]);
    const registers = recording("h.edn", "{:type :ok :process 0 :value [[:w :x 2] [:r :y nil]]}");
    expect(transactionsOf(registers).transactions[0]?.steps).toEqual([
      { type: "write", key: "x", value: 2 },
      { type: "read", key: "y", value: null },
    ]);
  });

  it("stand in cases.jsonl by their id, with the orders that their mode tells", () => {
    const line = (id: string, mode: string) =>
      JSON.stringify({
        id,
        mode,
        ops: [
          { type: "ok", process: 3, txn: [["append", "x", 1]] },
          { type: "ok", process: 3, txn: [["r", "x", null]] },
        ],
      });
    const text = `${line("a", "unordered")}\n${line("b", "realtime-sequential")}\n${line("c", "all-concurrent")}\n`;
    expect(recording("cases.jsonl#a", text)).toMatchObject({
      orders: { process: false, realtime: false },
    });
    expect(recording("cases.jsonl#b", text)).toMatchObject({
      orders: { process: true, realtime: true },
    });
    expect(recording("cases.jsonl#c", text)).toMatchObject({
      transactions: [
        { called: 0, returned: 1 },
        { called: 0, returned: 1 },
      ],
    });
    expect(readText("cases.jsonl#d", text)).toMatchObject({
      ok: false,
      why: "cases.jsonl#d: no case d",
    });
  });
});

describe("transactions in plain text", () => {
  it("of AWDIT: rows of - and = divide transactions and sessions; 0 that nobody wrote is initial", () => {
    const text = "w 1 1\nr 2 0\n-----\nr 1 9\n=====\nr 1 1";
    expect(transactions("h.txt", text)).toEqual([
      "0.0: w 1 1, r 2 null",
      "0.1: r 1 9",
      "1.0: r 1 1",
    ]);
    expect(transactions("h.txt", `${text}\n-----\nw 2 0`)[0]).toBe("0.0: w 1 1, r 2 0");
  });

  it("of dbcop: several a line, comments, aborted ones, reads of nothing", () => {
    const text = "// first\n[x:=1 y==?] [x==1]!\n---\n[ y:=2 ]";
    expect(transactions("h.hist", text)).toEqual([
      "0.0: w x 1, r y null",
      "0.1: r x 1 failed",
      "1.0: w y 2",
    ]);
  });

  it("of IsoVista and PolySI: sessions and transactions in brackets; -1 was aborted", () => {
    const text = "w(1,5,0,7)\nr(2,0,1,8)\nr(1,5,0,7)\nw(3,6,1,-1)\n";
    expect(transactions("bugs/h.txt", text)).toEqual([
      "0.0: w 1 5, r 1 5",
      "1.0: r 2 null",
      "1.1: w 3 6 failed",
    ]);
    // In unit tests there is no initial state.
    expect(transactions("unit/h.txt", text)[1]).toBe("1.0: r 2 0");
  });

  it.each([
    ["h.txt", "w 1 1\nx 2 3"],
    ["h.txt", "w(1,2,3)"],
    ["h.hist", "[x=1]"],
    ["h.hist", "x:=1"],
  ])("refuse what is none: %s %s", (name, text) => {
    expect(readText(name, text).ok).toBe(false);
  });
});

describe("binary recordings", () => {
  it("of bincode: aborted transactions, and 0 for nothing written", () => {
    const session = [2n, [2n, [1, 5n, 9n, 1], [0, 6n, 0n, 1]], 1, [1n, [1, 5n, 8n, 1]], 0];
    expect(transactions("h.bincode", bincode([1n, session]))).toEqual([
      "0.0: w 5 9, r 6 null",
      "0.1: w 5 8 failed",
    ]);
  });

  it("of bincode: a count that does not fit is refused before anything is made", () => {
    const huge = bincode([1n << 60n]);
    expect(readText("h.bincode", huge)).toMatchObject({ ok: false });
    expect(readText("h.bincode", bincode([1n, [0n]]).subarray(0, 70)).ok).toBe(false);
  });

  it("of Cobra: one file a session, writes by their ids, reads of the initial state", () => {
    const log = records([
      ["S", 1n],
      ["R", 0xbebeebeen, 0xdeadbeefn, 4n, 0n],
      ["W", 77n, 4n, 123n],
      ["C", 1n],
    ]);
    const other = records([
      ["S", 2n],
      ["R", 1n, 77n, 4n, 123n],
      ["C", 2n],
    ]);
    const files = [
      { name: "T1.log", bytes: log },
      { name: "T1.debug", bytes: new Uint8Array(3) },
      { name: "T2.log", bytes: other },
    ];
    const reading = readRecording({ name: "hist", files });
    expect(reading).toMatchObject({
      ok: true,
      recording: {
        format: "cobra",
        transactions: [
          {
            session: 0,
            steps: [
              { type: "read", key: 4, value: null },
              { type: "write", key: 4, value: 77 },
            ],
          },
          { session: 1, steps: [{ type: "read", key: 4, value: 77 }] },
        ],
      },
    });
    expect(
      readRecording(
        { name: "hist", files: [{ name: "T.log", bytes: log.subarray(0, 30) }] },
        "cobra",
      ).ok,
    ).toBe(false);
  });
});

it("every reader is total: any bytes are a recording or a reason", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .string({ unit: fc.constantFrom(...'[]{}()rw:=!?-01 ,\n"S;#nil'.split("")), maxLength: 80 })
      .map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom(null, ...FORMATS), (content, format) => {
      const reading = readText("h", content, format);
      if (!reading.ok) expect(reading.why).toMatch(/^h: /);
    }),
    { seed: 11, numRuns: 5000 },
  );
});

it("UTF-8 is decoded as platforms do", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8(new TextEncoder().encode(text))).toBe(text.toWellFormed().replace(/^\uFEFF/, ""));
    }),
    { seed: 12, numRuns: 1000 },
  );
  expect(utf8(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82))).toBe("a\ufffdé\ufffd\ufffd");
});

/** Nested lists of integers of 8 bytes and flags of 1, behind a header of nothing. */
type Layout = number | bigint | readonly Layout[];

function bincode(layout: Layout): Uint8Array {
  const parts: number[] = [];
  const put = (part: Layout): void => {
    if (typeof part === "number") parts.push(part);
    else if (typeof part === "bigint")
      for (let i = 0n; i < 8n; i++) parts.push(Number((part >> (8n * i)) & 255n));
    else for (const inner of part) put(inner);
  };
  put([0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);
  put(layout);
  return Uint8Array.from(parts);
}

function records(list: readonly (readonly [string, ...bigint[]])[]): Uint8Array {
  return Uint8Array.from(
    list.flatMap(([tag, ...fields]) => [
      tag.charCodeAt(0),
      ...fields.flatMap((field) =>
        Array.from({ length: 8 }, (_, i) => Number((field >> BigInt(56 - 8 * i)) & 255n)),
      ),
    ]),
  );
}
