import { encodeRun, judge, mutantOf, type Rule } from "@quorate/sim";
import { type Terminal, table } from "../../terminal.ts";
import type { Range } from "./options.ts";

/** What became of a rule that was switched off. */
export interface Mutant {
  readonly rule: Rule;
  /** Seeds that were run. */
  readonly seeds: number;
  /** The run that shows the loss, and what broke in it; null where none did. */
  readonly run: string | null;
  readonly finding: string;
  /** Runs that break with all rules on, too. */
  readonly unsound: readonly string[];
}

/** Switches off this share of the rules, one after the other, and runs seeds until each is missed. */
export async function mutants(
  rules: readonly Rule[],
  seedsMax: number,
  { first, part, of }: Range,
  terminal: Terminal,
  told: (mutant: Mutant) => void,
): Promise<readonly Mutant[]> {
  const done: Mutant[] = [];
  for (const rule of rules.filter((_, at) => at % of === part - 1)) {
    const mutant = await hunt(rule, seedsMax, first, terminal);
    if (terminal.interrupted.aborted) break;
    done.push(mutant);
    told(mutant);
    terminal.err(`${describeMutant(mutant)}\n`);
  }
  return done;
}

/** Is the loss of every rule found, and nothing broken besides? */
export const allCaught = (rules: readonly Rule[], done: readonly Mutant[]): boolean =>
  rules.every((rule) => done.some((mutant) => mutant.rule === rule && mutant.run !== null)) &&
  done.every(({ unsound }) => unsound.length === 0);

export function mutantTable(rules: readonly Rule[], done: readonly Mutant[]): string {
  const order = (rule: Rule): number => rules.indexOf(rule);
  const rows = [...done]
    .sort((a, b) => order(a.rule) - order(b.rule))
    .map(({ rule, seeds, run, finding }) => [
      rule,
      run === null ? `not in ${seeds}` : String(seeds),
      run ?? "",
      finding,
    ]);
  const counts = done.flatMap(({ seeds, run }) => (run === null ? [] : [seeds]));
  counts.sort((a, b) => a - b);
  const median = counts[counts.length >> 1] ?? 0;
  return (
    table(["RULE OFF", "SEEDS", "RUN", "FINDING"], rows) +
    `${counts.length} of ${rules.length} caught; half of them within ${median} seeds, all within ${counts.at(-1) ?? 0}\n`
  );
}

const describeMutant = ({ rule, seeds, run, unsound }: Mutant): string =>
  [
    `${rule}: ${run === null ? `not caught in ${seeds} seeds` : `caught by seed ${seeds}`}`,
    ...unsound.map((code) => `  breaks with all rules on: quorate sim --run ${code}`),
  ].join("\n");

async function hunt(
  rule: Rule,
  seedsMax: number,
  first: bigint,
  terminal: Terminal,
): Promise<Mutant> {
  const unsound: string[] = [];
  for (let seeds = 1; seeds <= seedsMax && !terminal.interrupted.aborted; seeds++) {
    const mutant = mutantOf(rule, first + BigInt(seeds - 1));
    const verdict = judge(mutant);
    if (verdict.type === "Caught")
      return { rule, seeds, run: encodeRun(mutant), finding: verdict.finding, unsound };
    if (verdict.type === "Unsound")
      unsound.push(encodeRun({ ...mutant, options: { ...mutant.options, rules: {} } }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { rule, seeds: seedsMax, run: null, finding: "", unsound };
}
