import type { Spent } from "../../budget.ts";
import type { Evidence, Violation } from "../../verdict.ts";
import type { WrongAnswer } from "./answers.ts";
import { type RegisterHistory, restrict } from "./history.ts";
import type { Broken } from "./judgement.ts";
import { type IsolationLevel, judge } from "./level.ts";

/** Transactions judged again, all in all, to make a core small; what is left then is given as it is. */
const JUDGED_MAX = 200_000;
/** Larger parts are not judged at every level for the sake of a name. */
const NAMED_MAX = 5000;

/** The level that a history breaks first, from the weakest on, names the anomaly. */
const named = [
  ["read-committed", "non-monotonic read"],
  ["read-atomic", "fractured read"],
  ["causal", "causality violation"],
  ["prefix", "long fork"],
  ["snapshot-isolation", "lost-update"],
  ["serializable", "G2-item"],
  ["strict-serializable", "G2-item-realtime"],
] as const satisfies readonly (readonly [IsolationLevel, string])[];

export function violation(
  level: IsolationLevel,
  history: RegisterHistory,
  broken: Broken,
  spent: Spent,
): Violation {
  const { core, minimal } = minimize(level, history, broken.core, spent);
  const part = restrict(history, core);
  const again = judge(level, part, spent);
  const shown = again.type === "broken" ? again : broken;
  const where = again.type === "broken" ? part : history;
  const anomaly = nameOf(part, shown, level, spent);
  return {
    type: "violation",
    anomaly,
    anomalies: [anomaly],
    core: core.map((node) => indexOf(history, node)),
    minimal,
    evidence: evidence(level, shown, where, minimal, spent),
  };
}

/**
 * Leaves out what is not needed for the level to be broken: halves first, then ever smaller pieces, at last one node after the
 * other (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002).
 */
function minimize(
  level: IsolationLevel,
  history: RegisterHistory,
  found: readonly number[],
  spent: Spent,
): { core: readonly number[]; minimal: boolean } {
  let core = found.toSorted((a, b) => a - b);
  let judged = core.length;
  if (judge(level, restrict(history, core), spent).type !== "broken") {
    return { core, minimal: false };
  }
  for (let size = Math.ceil(core.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < core.length; ) {
      if (judged > JUDGED_MAX || spent()) return { core, minimal: false };
      const rest = core.toSpliced(at, size);
      judged += rest.length;
      if (judge(level, restrict(history, rest), spent).type === "broken") core = rest;
      else at += size;
    }
  }
  return { core, minimal: true };
}

function nameOf(part: RegisterHistory, shown: Broken, level: IsolationLevel, spent: Spent): string {
  if (shown.cycle?.every((edge) => edge.kind === "wr" || edge.kind === "session")) return "G1c";
  if (part.transactions.length > NAMED_MAX) return `not ${level}`;
  for (const [weaker, name] of named) {
    if (judge(weaker, part, spent).type === "broken") return name;
  }
  return `not ${level}`;
}

/** Where no cycle shows it: without any one of a minimal core there is an order, which that one cannot join. */
function evidence(
  level: IsolationLevel,
  shown: Broken,
  part: RegisterHistory,
  minimal: boolean,
  spent: Spent,
): Evidence {
  const all = part.transactions.map((_, node) => node);
  if (shown.cycle !== null) {
    const edges = shown.cycle.map((edge) => ({
      ...edge,
      from: indexOf(part, edge.from),
      to: indexOf(part, edge.to),
    }));
    return { type: "cycle", edges };
  }
  const stuck = minimal ? all.slice(-1) : all;
  const rest = restrict(part, all.slice(0, all.length - stuck.length));
  const without = judge(level, rest, spent);
  const longest = without.type === "holds" ? without.order : [];
  return {
    type: "no-order",
    longest: longest.map((node) => indexOf(rest, node)),
    stuck: stuck.map((node) => indexOf(part, node)),
  };
}

function indexOf(history: RegisterHistory, node: number): number {
  return history.transactions[node]?.index ?? -1;
}

/** Wrong answers need no order to be wrong. */
export function wrongAnswer(wrong: readonly [WrongAnswer, ...WrongAnswer[]]): Violation {
  const [{ anomaly, reader, writer, expected }] = wrong;
  return {
    type: "violation",
    anomaly,
    anomalies: [...new Set(wrong.map((answer) => answer.anomaly))],
    core: writer === null ? [reader.index] : [writer.index, reader.index],
    minimal: true,
    evidence: { type: "answer", operation: reader.index, expected },
  };
}
