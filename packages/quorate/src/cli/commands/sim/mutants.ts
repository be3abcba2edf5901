import { EVERY_RULE, encodeRun, NO_CUTS, planOf, type Rule, type RunCode, run } from "@quorate/sim";
import { type Terminal, table } from "../../terminal.ts";

/** Rules whose loss costs time, not safety: no history can show it. Scenarios do (RF-6, RF-9). */
const LIVENESS: readonly Rule[] = ["preVote", "checkQuorum", "stepDownOnHungDisk"];
/** Rules that matter when members change, which the seeds do not draw yet. Scenarios switch them off. */
const MEMBERSHIP: readonly Rule[] = ["changeNeedsOwnTerm", "jointNeedsBoth"];

/** Switches off one safety rule after the other and counts the seeds until a run breaks. True where all were caught. */
export async function mutants(budget: number, first: bigint, terminal: Terminal): Promise<boolean> {
  const rows: string[][] = [];
  let caught = true;
  for (const rule of Object.keys(EVERY_RULE) as Rule[]) {
    if (LIVENESS.includes(rule) || MEMBERSHIP.includes(rule)) continue;
    const found = await seedsUntil(rule, budget, first, terminal);
    if (found === null) caught = false;
    rows.push([
      rule,
      found === null ? `not in ${budget}` : String(found.seeds),
      found?.run ?? "",
      found?.broken ?? "",
    ]);
    terminal.err(`${rule}: ${found === null ? "not caught" : `${found.seeds} seeds`}\n`);
    if (terminal.interrupted.aborted) return false;
  }
  terminal.out(table(["RULE OFF", "SEEDS", "RUN", "FINDING"], rows));
  terminal.out(
    `by scenarios only: ${[...LIVENESS, ...MEMBERSHIP].join(", ")} (packages/sim/test/raft)\n`,
  );
  return caught;
}

async function seedsUntil(
  rule: Rule,
  budget: number,
  first: bigint,
  terminal: Terminal,
): Promise<{ readonly seeds: number; readonly run: string; readonly broken: string } | null> {
  const lease = rule === "leaseWithinBound";
  for (let seeds = 1; seeds <= budget && !terminal.interrupted.aborted; seeds++) {
    const code: RunCode = {
      seed: first + BigInt(seeds - 1),
      options: {
        rules: { [rule]: false },
        millis: 15_000,
        ...(lease && { reads: "lease" as const }),
      },
      cuts: NO_CUTS,
    };
    const { broken } = run(planOf(code));
    if (broken[0] !== undefined) return { seeds, run: encodeRun(code), broken: broken[0] };
    await new Promise((resolve) => setImmediate(resolve));
  }
  return null;
}
