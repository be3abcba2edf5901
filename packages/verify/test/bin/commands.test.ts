import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
    checkCommand({ file: join(folder, file), model, format, budget: 10, json }, terminal, usage),
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

  it("is a wrong call without a table", () => {
    const options = { file: join(folder, "none.tsv"), data: null, budget: 10, json: false };
    expect(run((terminal, usage) => tableCommand(options, terminal, usage)).status).toBe(2);
    const other = { ...options, file: join(folder, "good.edn") };
    expect(run((terminal, usage) => tableCommand(other, terminal, usage)).status).toBe(2);
  });
});
