import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkCommand } from "../../src/bin/check-command.ts";
import { tableCommand } from "../../src/bin/table-command.ts";

const folder = mkdtempSync(join(tmpdir(), "quorate-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = "{:process 0 :type :invoke :f :acquire}\n{:process 0 :type :ok :f :acquire}\n";
writeFileSync(join(folder, "good.edn"), GOOD);
writeFileSync(join(folder, "bad.edn"), `${GOOD}${GOOD.replaceAll("0", "1")}`);
writeFileSync(join(folder, "broken.edn"), "{:process");

interface Ran {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: string;
}

function run(
  command: (
    terminal: { out(text: string): void; err(text: string): void },
    usage: (why: string) => number,
  ) => number,
): Ran {
  let [out, err] = ["", ""];
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const usage = (why: string): number => {
    err += why;
    return 2;
  };
  const status = command(terminal, usage);
  return { status, out: out.split("\n").filter((line) => line !== ""), err };
}

const check = (file: string, model: string, format: string | null = null, json = false): Ran =>
  run((terminal, usage) =>
    checkCommand(
      { file: join(folder, file), model, format, budget: 10, json, report: null },
      terminal,
      usage,
    ),
  );

describe("check", () => {
  it("exits 0 where the model holds, 1 with the core where it does not", () => {
    expect(check("good.edn", "mutex")).toMatchObject({ status: 0 });
    const { status, out } = check("bad.edn", "mutex");
    expect(status).toBe(1);
    expect(out[0]).toMatch(/bad\.edn: mutex: violation: not linearizable$/);
    expect(out[1]).toBe("  minimal core: 0 1");
  });

  it("prints the verdict as JSON", () => {
    const [line = ""] = check("good.edn", "mutex", null, true).out;
    expect(JSON.parse(line)).toMatchObject({
      model: "mutex",
      verdict: { type: "ok", witness: { type: "order", order: [0] } },
    });
  });

  it("exits 3 for a file that is none, 2 for a wrong call", () => {
    expect(check("broken.edn", "mutex")).toMatchObject({
      status: 3,
      err: expect.stringContaining("line 1:"),
    });
    expect(check("nowhere.edn", "mutex").status).toBe(3);
    expect(check("good.edn", "stack")).toMatchObject({ status: 2, err: "no model stack" });
    expect(check("good.edn", "mutex", "xml")).toMatchObject({ status: 2, err: "no format xml" });
    expect(check("good.edn", "set").status).toBe(3);
  });
});

describe("a report", () => {
  const reported = (file: string, report: string): Ran =>
    run((terminal, usage) => {
      const options = { file: join(folder, file), model: "mutex", format: null, budget: 10 };
      return checkCommand({ ...options, json: false, report }, terminal, usage);
    });

  it("is written beside the verdict, which it does not change", () => {
    const path = join(folder, "bad.html");
    expect(reported("bad.edn", path).status).toBe(1);
    expect(readFileSync(path, "utf8")).toContain("does not keep to <b>linearizable:mutex</b>");
    expect(reported("good.edn", path).status).toBe(0);
    expect(readFileSync(path, "utf8")).toContain("keeps to <b>linearizable:mutex</b>");
  });

  it("is a wrong call where it cannot be written; nothing is written of a file that is none", () => {
    expect(reported("bad.edn", folder)).toMatchObject({
      status: 2,
      out: expect.arrayContaining([expect.stringContaining("violation")]),
      err: expect.stringContaining("--report: EISDIR"),
    });
    const path = join(folder, "broken.html");
    expect(reported("broken.edn", path).status).toBe(3);
    expect(() => readFileSync(path)).toThrow("ENOENT");
  });
});

describe("whatever a file holds, the answer is a verdict or why there is none", () => {
  const HEADER = '{"format":"quorate-history","version":1}';
  const chance = seeded(7);
  const garbage = Uint8Array.from({ length: 100_000 }, () => chance());
  const lists = "[".repeat(600) + "]".repeat(600);
  const long = "x".repeat(17 * 1024 * 1024);
  mkdirSync(join(folder, "empty"));
  mkdirSync(join(folder, "many"));
  writeFileSync(join(folder, "many", "a.edn"), GOOD);
  writeFileSync(join(folder, "many", "b.edn"), GOOD);
  const files: readonly (readonly [name: string, content: string | Uint8Array, why: string])[] = [
    ["garbage", garbage, "byte"],
    ["nothing", "", "unknown format"],
    ["lines.jsonl", "\n\n\n", "unknown format"],
    ["long.jsonl", `${HEADER}\n{"type":"ok","value":"${long}"}\n`, "line 2: the line is too long"],
    ["deep.edn", "[".repeat(1_000_000), "nested deeper than 500"],
    ["deep.json", `[{"type":"ok","process":0,"value":${lists}}]`, "nested deeper than 500"],
    [
      "deep.jsonl",
      `${HEADER}\n{"type":"ok","process":0,"f":"a","time":1,"value":${lists}}\n`,
      "line 2: nested deeper than 500",
    ],
    ["half.json", '[{"type":"ok",', "JSON"],
    ["half.bincode", garbage.subarray(0, 45), "the file ends too early"],
  ];

  it.each(files)("%s", (name, content, why) => {
    writeFileSync(join(folder, name), content);
    const { status, err } = check(name, "register");
    expect(status).toBe(3);
    expect(err).toContain(why);
  });

  it.each([
    ["a directory of two histories", "many", "is a directory of 2 files"],
    ["an empty directory", "empty", "unknown format"],
    ["a file that is not there", "nowhere.jsonl#id", "ENOENT"],
  ])("%s", (_, name, why) => {
    expect(check(name, "register")).toMatchObject({ status: 3, err: expect.stringContaining(why) });
  });

  it.each(["jepsen-edn", "jepsen-json", "quorate", "elle-cases", "awdit", "dbcop", "text"])(
    "garbage that is called %s",
    (format) => {
      writeFileSync(join(folder, "garbage"), garbage);
      expect(check("garbage", "serializable", format).status).toBe(3);
    },
  );

  it("a directory without a log is no history of Cobra's", () => {
    expect(check("many", "serializable", "cobra")).toMatchObject({
      status: 3,
      err: expect.stringContaining("no file is called *.log"),
    });
  });
});

describe("the budget", () => {
  it("ends a search that would go on for ever, with unknown and what was spent", () => {
    // Any of forty writers may come before any other, and the last read fits none.
    const all = Array.from({ length: 40 }, (_, i) => i);
    const lines = [
      ...all.map(
        (i) => `{:process ${i} :type :invoke :f :cas :value [${i % 5} ${(3 * i + 1) % 5}]}`,
      ),
      ...all.map((i) => `{:process ${100 + i} :type :invoke :f :write :value ${i % 5}}`),
      ...all.map((i) => `{:process ${200 + i} :type :invoke :f :read :value nil}`),
      ...all.map((i) => `{:process ${200 + i} :type :ok :f :read :value ${i < 39 ? i % 5 : 77}}`),
    ];
    writeFileSync(join(folder, "hard.edn"), lines.join("\n"));
    const options = { file: join(folder, "hard.edn"), model: "cas-register", format: null };
    const { status, out } = run((terminal, usage) =>
      checkCommand({ ...options, budget: 0.2, json: false, report: null }, terminal, usage),
    );
    expect(status).toBe(3);
    expect(out[0]).toMatch(/unknown: the budget ended after \d+ steps/);
  });
});

/** Bytes from a seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  };
}

describe("table", () => {
  const table = (rows: readonly string[]): Ran => {
    const file = join(folder, "expected.tsv");
    writeFileSync(file, ["file\tmodel\texpected\tnotes", ...rows, ""].join("\n"));
    return run((terminal, usage) =>
      tableCommand({ file, data: folder, budget: 10, json: false }, terminal, usage),
    );
  };

  it("prints a line a row and a count, and exits 0 where all agree", () => {
    const { status, out } = table(["good.edn\tmutex\tok\t", "bad.edn\tmutex\tviolation\twhy not"]);
    expect(status).toBe(0);
    expect(out.map((line) => line.replace(/\d+$/, "N"))).toEqual([
      "good.edn\tmutex\tok\tok\tN",
      "bad.edn\tmutex\tviolation\tviolation\tN",
      "2 of 2 agree, 0 disagree",
    ]);
  });

  it("exits 1 on a disagreement; unknown, unreadable and unheard-of rows are such", () => {
    const rows = [
      "bad.edn\tmutex\tok\t",
      "good.edn\tset\tok\t",
      "broken.edn\tmutex\tok\t",
      "good.edn\tstack\tok\t",
    ];
    const { status, out } = table(rows);
    expect(status).toBe(1);
    expect(out.at(-1)).toBe("0 of 4 agree, 4 disagree");
  });

  it("takes a disputed row either way, but not without a verdict", () => {
    expect(table(["bad.edn\tmutex\tok\tDISPUTED: two holders"]).status).toBe(0);
    expect(table(["good.edn\tset\tok\tDISPUTED: never read"]).status).toBe(1);
  });

  it("without rows proves nothing, and is a wrong call", () => {
    expect(table([]).status).toBe(2);
  });

  it("is a wrong call without a table", () => {
    const options = { file: join(folder, "none.tsv"), data: null, budget: 10, json: false };
    expect(run((terminal, usage) => tableCommand(options, terminal, usage)).status).toBe(2);
    const other = { ...options, file: join(folder, "good.edn") };
    expect(run((terminal, usage) => tableCommand(other, terminal, usage)).status).toBe(2);
  });
});
