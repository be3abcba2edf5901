import type { Spent } from "../budget.ts";
import type { History } from "../history/index.ts";
import { type Atom, checkIsolation, type Step, type Transaction } from "../transactions/index.ts";
import type { Verdict } from "../verdict.ts";
import { readsFrom } from "./reads-from.ts";

/**
 * Sequential consistency (Lamport 1979): one order of all operations, on all registers, that contains the order of each process.
 * That is serializability of transactions of one step each, sessions being processes.
 */
export function checkSequential(history: History, spent: Spent): Verdict {
  const found = readsFrom(history);
  if (typeof found === "string") return { type: "unknown", steps: 0, why: found };
  if ("type" in found) return found;
  const places = new Map<number, number>();
  const transactions = history.map((operation): Transaction => {
    const { index, process, outcome, f, key, input, output } = operation;
    const place = places.get(process) ?? 0;
    places.set(process, place + 1);
    const name = key ?? "";
    const step: Step =
      f === "write"
        ? { type: "write", key: name, value: atomOf(input) }
        : outcome === "ok"
          ? { type: "read", key: name, value: output === null ? null : atomOf(output) }
          : { type: "blind-read", key: name };
    return { index, session: process, place, steps: [step], outcome, called: null, returned: null };
  });
  const verdict = checkIsolation("serializable", transactions, spent);
  return verdict.type === "violation"
    ? { ...verdict, anomaly: "not sequential", anomalies: ["not sequential", ...verdict.anomalies] }
    : verdict;
}

const atomOf = (value: unknown): Atom =>
  typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
