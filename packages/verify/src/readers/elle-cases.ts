import { Malformed, type Operation, parseJson, type Value, wordOf } from "../history/index.ts";
import type { Orders, Transaction } from "../transactions/index.ts";
import { microTransactions } from "./micro-operations.ts";

const ORDERS: Readonly<Record<string, Orders>> = {
  unordered: { process: false, realtime: false },
  "process-order": { process: true, realtime: false },
  "realtime-sequential": { process: true, realtime: true },
  "all-concurrent": { process: false, realtime: true },
};

const OUTCOMES = { ok: "ok", fail: "failed", info: "unknown" } as const;

/** One line of `cases.jsonl`: the history with this id. */
export function elleCase(
  text: string,
  id: string,
): { readonly transactions: readonly Transaction[]; readonly orders: Orders } {
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.trim() === "") continue;
    const found = parseJson(line, i + 1) as { readonly [key: string]: Value };
    if (found["id"] === id) return readCase(found, i + 1);
  }
  throw new Malformed(`no case ${id}`, null);
}

function readCase(
  found: { readonly [key: string]: Value },
  line: number,
): { readonly transactions: readonly Transaction[]; readonly orders: Orders } {
  const mode = wordOf(found["mode"] ?? "realtime-sequential");
  const orders = ORDERS[mode];
  const ops = found["ops"];
  if (orders === undefined) throw new Malformed(`unknown mode ${mode}`, line);
  if (!Array.isArray(ops)) throw new Malformed("expected `ops`", line);
  const concurrent = mode === "all-concurrent";
  const history = ops.map(
    (op: Value, index): Operation => operationOf(op, index, concurrent, line),
  );
  return { transactions: microTransactions(history), orders };
}

function operationOf(op: Value, index: number, concurrent: boolean, line: number): Operation {
  const { type, process, txn } = (op ?? {}) as { readonly [key: string]: Value };
  const outcome = OUTCOMES[wordOf(type ?? null) as keyof typeof OUTCOMES];
  if (outcome === undefined)
    throw new Malformed(`an operation of type ${wordOf(type ?? null)}`, line);
  return {
    index,
    process: concurrent || typeof process !== "number" ? index : process,
    f: "txn",
    key: null,
    input: txn ?? null,
    output: txn ?? null,
    called: concurrent ? 0 : 2 * index,
    returned: returnOf(outcome, index, concurrent),
    outcome,
  };
}

function returnOf(outcome: Operation["outcome"], index: number, concurrent: boolean): number {
  if (outcome === "unknown") return Number.POSITIVE_INFINITY;
  return concurrent ? 1 : 2 * index + 1;
}
