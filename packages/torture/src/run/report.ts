import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultType, Struck } from "../faults/index.ts";
import type { Finding } from "../judge/index.ts";
import { commandOf, type Options } from "./options.ts";
import type { Outcome } from "./run.ts";

export type Result = "held" | "broken" | "unknown";

/** Something broken is broken; nothing broken and not all decided is unknown. */
export function resultOf({ findings, broken }: Pick<Outcome, "findings" | "broken">): Result {
  if (broken.length > 0 || findings.some(({ result }) => result === "broken")) return "broken";
  return findings.some(({ result }) => result === "unknown") ? "unknown" : "held";
}

/** Writes the report's files beside the histories, and answers the text for people. */
export function writeReport(options: Options, outcome: Outcome): string {
  const text = textOf(options, outcome);
  const json = (name: string, value: unknown): void =>
    writeFileSync(join(options.report, name), `${JSON.stringify(value, null, 2)}\n`);
  mkdirSync(options.report, { recursive: true });
  json("options.json", { ...options, command: commandOf(options) });
  json("episodes.json", {
    bites: bitesOf(outcome.episodes),
    skipped: outcome.skipped,
    episodes: outcome.episodes,
  });
  json("verdicts.json", {
    result: resultOf(outcome),
    broken: outcome.broken,
    findings: outcome.findings,
    loads: outcome.loads,
  });
  writeFileSync(join(options.report, "report.txt"), text);
  return text;
}

/** How often each fault was tried, and how often it took effect: one that never bites proves nothing. */
export function bitesOf(episodes: readonly Struck[]): {
  readonly [type: string]: { readonly tried: number; readonly bit: number };
} {
  const types = [...new Set(episodes.map(({ fault }) => fault.type))].sort();
  return Object.fromEntries(
    types.map((type: FaultType) => {
      const own = episodes.filter(({ fault }) => fault.type === type);
      return [type, { tried: own.length, bit: own.filter(({ bite }) => bite.times > 0).length }];
    }),
  );
}

function textOf(options: Options, outcome: Outcome): string {
  const { episodes, skipped, findings, broken, loads, network } = outcome;
  const bites = Object.entries(bitesOf(episodes));
  return [
    `${options.against}, ${options.nodes} members on ${network}: ${resultOf(outcome)}`,
    `  ${commandOf(options)}`,
    "",
    "faults (bit/tried)",
    ...bites.map(
      ([type, { bit, tried }]) => `  ${type} ${bit}/${tried}${bit === 0 ? "  never bit" : ""}`,
    ),
    ...skipped.map(({ type, why }) => `  ${type} skipped: ${why}`),
    "",
    "operations (ok/failed/unknown, longest time without success)",
    ...loads.map(
      ({ workload, ok, failed, unknown, longestWithoutSuccess }) =>
        `  ${workload} ${ok}/${failed}/${unknown}  ${longestWithoutSuccess} ms`,
    ),
    "",
    "verdicts",
    ...findings.map(lineOf),
    ...broken.map((what) => `  broken: ${what}`),
    "",
  ].join("\n");
}

const lineOf = ({ workload, model, result, why, operations, millis }: Finding): string =>
  `  ${workload}: ${model}: ${result}${why === "" ? "" : ` (${why})`}  ${operations} operations, ${millis} ms`;
