import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  checkIsolation,
  checkLinearizableRegisters,
  checkListAppend,
  type IsolationLevel,
  never,
  REGISTER,
  readRecording,
  type Source,
  type Transaction,
  transactionsOf,
  type Verdict,
} from "@quorate/verify";
import { listHistory, registerHistory, registerTransactions } from "./histories.ts";
import { markdown, rounded, type Summary, summary, withSpread } from "./table.ts";

const ROUNDS = 5;
const SEED = 1n;
const OPERATIONS = 500_000;
const LIST_TRANSACTIONS = 100_000;
const SHAPE = { transactions: 40_000, sessions: 50, steps: 8, keys: 10_000 };
/** Histories of others: no part of the repository, they stand beside it, or do not. */
const SHARED = join(import.meta.dirname, "../../shared/data/histories/polysi");
const POLYSI = [
  "fig7/20_10_15_10000_0.5_uniform/hist-00000/history.bincode",
  "fig8_9_10/twitter-10000/hist-00000",
  "violations/galera/galera.txt",
];

interface Measurement {
  readonly what: string;
  /** What is counted: operations or transactions. */
  readonly size: number;
  readonly verdict: Verdict["type"];
  readonly seconds: Summary;
  /** With the collector's threads: what a shared machine leaves comparable. */
  readonly cpuSeconds: Summary;
  readonly perSecond: Summary;
  readonly perCpuSecond: Summary;
  readonly target: string;
}

/** How fast the checkers judge: generated inputs that hold, and the recorded ones that the literature measures by. */
export function verifySpeed(): Promise<{ readonly text: string; readonly data: unknown }> {
  const measured = [...registers(), ...lists(), ...weakLevels(), ...polysi()];
  const rows = measured.map(({ what, size, verdict, seconds, cpuSeconds, ...rates }) => [
    what,
    String(size),
    verdict,
    withSpread(seconds),
    withSpread(cpuSeconds),
    rounded(rates.perSecond.median),
    rounded(rates.perCpuSecond.median),
    rates.target,
  ]);
  const header = ["", "size", "verdict", "s", "CPU s", "a second", "a CPU second", "wanted"];
  const table = markdown(header, rows);
  const absent = existsSync(SHARED) ? "" : "\n\nPolySI's histories are not beside the repository.";
  const text = `${table}${absent}\n\nGenerated inputs are of seed ${SEED}; medians of ${ROUNDS}.`;
  return Promise.resolve({ text, data: { seed: String(SEED), measured } });
}

function registers(): readonly Measurement[] {
  return [1, 1000].map((keys) => {
    const history = registerHistory(OPERATIONS, keys, SEED);
    const check = (): Verdict => checkLinearizableRegisters(history, REGISTER, never);
    return measure(`zones, registers: ${keys}`, OPERATIONS, "≥ 1 M operations/s", check);
  });
}

function lists(): readonly Measurement[] {
  const transactions = listHistory(LIST_TRANSACTIONS, SEED);
  const orders = { process: true, realtime: true };
  return (["serializable", "strict-serializable"] as const).map((level) => {
    const check = (): Verdict => checkListAppend(level, transactions, orders, never);
    return measure(`list-append ${level}`, transactions.length, "≥ 50 k transactions/s", check);
  });
}

function weakLevels(): readonly Measurement[] {
  const transactions = registerTransactions(SHAPE, SEED);
  const size = SHAPE.transactions * SHAPE.steps;
  return (["read-committed", "read-atomic", "causal"] as const).map((level) =>
    measure(level, size, "< 1 s", () => checkIsolation(level, transactions, never)),
  );
}

function polysi(): readonly Measurement[] {
  if (!existsSync(SHARED)) return [];
  return POLYSI.flatMap((file) => {
    const read = (): readonly Transaction[] => recorded(join(SHARED, file));
    const size = read().length;
    return (
      ["snapshot-isolation", "serializable"] as const satisfies readonly IsolationLevel[]
    ).map((level) => {
      const what = `${file.split("/").slice(0, 2).join("/")} ${level}, read and checked`;
      return measure(what, size, "< 3 s", () => checkIsolation(level, read(), never));
    });
  });
}

function measure(what: string, size: number, target: string, check: () => Verdict): Measurement {
  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  let verdict: Verdict["type"] = "unknown";
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = process.cpuUsage();
    const since = performance.now();
    verdict = check().type;
    seconds.push((performance.now() - since) / 1000);
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds.push((user + system) / 1e6);
  }
  process.stderr.write(`  ${what}: ${seconds.map(rounded).join(" ")} s\n`);
  return {
    what,
    size,
    verdict,
    seconds: summary(seconds),
    cpuSeconds: summary(cpuSeconds),
    perSecond: summary(seconds.map((s) => size / s)),
    perCpuSecond: summary(cpuSeconds.map((s) => size / s)),
    target,
  };
}

function recorded(path: string): readonly Transaction[] {
  const names = statSync(path).isDirectory()
    ? readdirSync(path).map((name) => join(path, name))
    : [path];
  const files = names.sort().map((name) => ({ name, bytes: readFileSync(name) }));
  const source: Source = { name: path, files };
  const reading = readRecording(source);
  if (!reading.ok) throw new Error(reading.why);
  return transactionsOf(reading.recording).transactions;
}
