import { encodeRun, judge, mutantOf, type Rule, SCHEDULED } from "@quorate/sim";
import { type Terminal, table } from "../../terminal.ts";

/** What became of a rule that was switched off. */
export interface Mutant {
  readonly rule: Rule;
  /** Seeds that were run. */
  readonly seeds: number;
  /** The run that shows the loss, or the schedule; what broke in it. Null where none did. */
  readonly run: string | null;
  readonly finding: string;
  /** Runs that break with all rules on, too. */
  readonly unsound: readonly string[];
}

/** In place of a run's code, for a rule whose loss a schedule of the protocol alone shows. */
const BY_SCHEDULE = "by schedule";

/** Switches off these rules, one after the other, and runs seeds until each is missed. */
export async function mutants(
  rules: readonly Rule[],
  seedsMax: number,
  terminal: Terminal,
  told: (mutant: Mutant) => void,
): Promise<readonly Mutant[]> {
  const done: Mutant[] = [];
  for (const rule of rules) {
    const mutant = await hunt(rule, seedsMax, terminal);
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
      run === null ? `not in ${seeds}` : run === BY_SCHEDULE ? "none" : String(seeds),
      run ?? "",
      finding,
    ]);
  const scheduled = done.filter(({ run }) => run === BY_SCHEDULE).length;
  const counts = done.flatMap(({ seeds, run }) =>
    run === null || run === BY_SCHEDULE ? [] : [seeds],
  );
  counts.sort((a, b) => a - b);
  const median = counts[counts.length >> 1] ?? 0;
  return (
    table(["RULE OFF", "SEEDS", "RUN", "FINDING"], rows) +
    `${counts.length + scheduled} of ${rules.length} caught${scheduled === 0 ? "" : `, ${scheduled} by its schedule`}; ` +
    `half of those that seeds are for within ${median}, all within ${counts.at(-1) ?? 0}\n`
  );
}

const describeMutant = ({ rule, seeds, run, unsound }: Mutant): string =>
  [
    `${rule}: ${run === null ? `not caught in ${seeds} seeds` : run === BY_SCHEDULE ? "caught by its schedule" : `caught by seed ${seeds}`}`,
    ...unsound.map((code) => `  breaks with all rules on: quorate sim --run ${code}`),
  ].join("\n");

async function hunt(rule: Rule, seedsMax: number, terminal: Terminal): Promise<Mutant> {
  const unsound: string[] = [];
  const scheduled = SCHEDULED[rule];
  if (scheduled !== undefined) {
    const [finding = ""] = scheduled.violations(false);
    const caught = finding !== "" && scheduled.violations(true).length === 0;
    return { rule, seeds: 0, run: caught ? BY_SCHEDULE : null, finding, unsound };
  }
  for (let seeds = 1; seeds <= seedsMax && !terminal.interrupted.aborted; seeds++) {
    const mutant = mutantOf(rule, BigInt(seeds));
    const verdict = judge(mutant);
    if (verdict.type === "Caught")
      return { rule, seeds, run: encodeRun(mutant), finding: verdict.finding, unsound };
    if (verdict.type === "Unsound")
      unsound.push(encodeRun({ ...mutant, options: { ...mutant.options, rules: {} } }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { rule, seeds: seedsMax, run: null, finding: "", unsound };
}
