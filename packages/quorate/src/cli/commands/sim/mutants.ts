import { encodeRun, judge, mutantOf, type Rule, SCHEDULED } from "@quorate/sim";
import { type Terminal, table } from "../../terminal.ts";

/** What became of a rule that was switched off. */
export interface Mutant {
  readonly rule: Rule;
  /** What shows the loss: a seed, or the schedule of a rule that no run can show. Null: nothing did. */
  readonly shownBy: "seed" | "schedule" | null;
  /** Seeds that were run. */
  readonly seeds: number;
  /** The run of that seed. */
  readonly run: string | null;
  /** What broke. */
  readonly finding: string;
  /** Runs that break with all rules on, too. */
  readonly unsound: readonly string[];
}

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
  rules.every((rule) => done.some((mutant) => mutant.rule === rule && mutant.shownBy !== null)) &&
  done.every(({ unsound }) => unsound.length === 0);

export function mutantTable(rules: readonly Rule[], done: readonly Mutant[]): string {
  const order = (rule: Rule): number => rules.indexOf(rule);
  const rows = [...done]
    .sort((a, b) => order(a.rule) - order(b.rule))
    .map((mutant) => [mutant.rule, seedsOf(mutant), mutant.run ?? "", mutant.finding]);
  const scheduled = done.filter(({ shownBy }) => shownBy === "schedule").length;
  const counts = done.flatMap(({ seeds, shownBy }) => (shownBy === "seed" ? [seeds] : []));
  counts.sort((a, b) => a - b);
  const median = counts[counts.length >> 1] ?? 0;
  const caught = [
    `${counts.length + scheduled} of ${rules.length} caught`,
    ...(scheduled > 0 ? [`${scheduled} by its schedule`] : []),
    ...(counts.length > 0
      ? [`half of the others within ${median} seeds, all within ${counts.at(-1)}`]
      : []),
  ];
  return `${table(["RULE OFF", "SEEDS", "RUN", "FINDING"], rows)}${caught.join("; ")}\n`;
}

function seedsOf({ seeds, shownBy }: Mutant): string {
  if (shownBy === null) return `not in ${seeds}`;
  return shownBy === "seed" ? String(seeds) : "by schedule";
}

function describeMutant({ rule, seeds, shownBy, unsound }: Mutant): string {
  const caught = {
    seed: `caught by seed ${seeds}`,
    schedule: `caught by its schedule, as no run can show it: ${SCHEDULED[rule]?.why}`,
  };
  return [
    `${rule}: ${shownBy === null ? `not caught in ${seeds} seeds` : caught[shownBy]}`,
    ...unsound.map((code) => `  breaks with all rules on: quorate sim --run ${code}`),
  ].join("\n");
}

async function hunt(rule: Rule, seedsMax: number, terminal: Terminal): Promise<Mutant> {
  const unsound: string[] = [];
  const scheduled = SCHEDULED[rule];
  if (scheduled !== undefined) {
    const [finding = ""] = scheduled.violations(false);
    const caught = finding !== "" && scheduled.violations(true).length === 0;
    return { rule, shownBy: caught ? "schedule" : null, seeds: 0, run: null, finding, unsound };
  }
  for (let seeds = 1; seeds <= seedsMax && !terminal.interrupted.aborted; seeds++) {
    const mutant = mutantOf(rule, BigInt(seeds));
    const verdict = judge(mutant);
    if (verdict.type === "Caught")
      return {
        rule,
        shownBy: "seed",
        seeds,
        run: encodeRun(mutant),
        finding: verdict.finding,
        unsound,
      };
    if (verdict.type === "Unsound")
      unsound.push(encodeRun({ ...mutant, options: { ...mutant.options, rules: {} } }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { rule, shownBy: null, seeds: seedsMax, run: null, finding: "", unsound };
}
