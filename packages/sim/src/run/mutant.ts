import type { Rule } from "./rules.ts";
import { run } from "./run.ts";
import { NO_CUTS, planOf, type RunCode } from "./run-code.ts";

/** What one seed says of a rule that is switched off. */
export type Verdict =
  /** Nothing broke: the next seed may show it. */
  | { readonly type: "Missed" }
  /** A promise broke, and holds in the very same run with the rule on. */
  | { readonly type: "Caught"; readonly finding: string }
  /** It breaks with the rule on, too: that is no mutant but a bug. */
  | { readonly type: "Unsound"; readonly finding: string };

/** The run in which a seed looks for the loss of a rule. */
export const mutantOf = (rule: Rule, seed: bigint): RunCode => ({
  seed,
  options: { aim: rule, rules: { [rule]: false } },
  cuts: NO_CUTS,
});

/** The same run with all rules on. */
const soundOf = ({ seed, options, cuts }: RunCode): RunCode => ({
  seed,
  options: { ...options, rules: {} },
  cuts,
});

/** Runs a mutant, and its original where it breaks. */
export function judge(mutant: RunCode): Verdict {
  const finding = findingIn(mutant);
  if (finding === null) return { type: "Missed" };
  const anyway = findingIn(soundOf(mutant));
  return anyway === null ? { type: "Caught", finding } : { type: "Unsound", finding: anyway };
}

/** The first promise that broke. A history that could not be judged proves nothing. */
const findingIn = (code: RunCode): string | null =>
  run(planOf(code)).broken.find((text) => !text.startsWith("no verdict")) ?? null;
