import {
  checkLinearizableRegisters,
  checkRegisterModel,
  type History,
  type Operation,
  REGISTER,
  REGISTER_MODELS,
  type Verdict,
  type Violation,
} from "@quorate/verify";
import { MODELS, type Model } from "../run/model.ts";
import { registersOf } from "../run/registers.ts";
import type { RunReport } from "../run/run.ts";
import { bounded } from "../run/search.ts";

/** How a run came out for a model. `unknown`: the search was ended. */
export type RunVerdict =
  | { readonly type: "held" }
  | {
      readonly type: "broken";
      readonly why: string;
      /** Of a model of histories: from the first call until all was called that shows it. */
      readonly afterMillis: number | null;
    }
  | { readonly type: "unknown"; readonly why: string };

/** Of every model that the run says something about. */
export type RunVerdicts = ReadonlyMap<Model, RunVerdict>;

/** Operations of a core, or steps of a circle, that are told. */
const TOLD_MAX = 6;

/** Holds a run against every model, promised or not, each by a checker of its own. */
export function verdictsOf(report: RunReport): RunVerdicts {
  return new Map(
    MODELS.flatMap((model) => {
      const verdict = verdictOf(report, model);
      return verdict === null ? [] : [[model, verdict] as const];
    }),
  );
}

/** Null where the run says nothing about the model: it had no watchers, or died before it had a history. */
export function verdictOf({ findings, history }: RunReport, model: Model): RunVerdict | null {
  if (model === "linearizable") return onHistory(history, linearizable(history));
  if (model === "linearizable-writes")
    return onHistory(history, linearizable(history.filter(({ f }) => f !== "read")));
  const known = REGISTER_MODELS.find((name) => name === model);
  if (known !== undefined && known !== "convergence") {
    const registers = registersOf(history);
    return onHistory(registers, checkRegisterModel(known, registers, bounded()));
  }
  const found = findings.get(model);
  if (found === undefined) return null;
  const [why] = found;
  return why === undefined ? { type: "held" } : { type: "broken", why, afterMillis: null };
}

const linearizable = (history: History): Verdict =>
  checkLinearizableRegisters(history, REGISTER, bounded());

function onHistory(history: History, verdict: Verdict): RunVerdict | null {
  if (history.length === 0) return null;
  switch (verdict.type) {
    case "ok":
      return { type: "held" };
    case "unknown":
      return { type: "unknown", why: verdict.why };
    case "violation": {
      const core = operationsOf(history, verdict.core);
      const last = core.reduce((time, { called }) => Math.max(time, called), 0);
      const afterMillis = Math.ceil((last - (history[0]?.called ?? 0)) / 1000);
      return {
        type: "broken",
        why: `${verdict.anomaly}: ${storyOf(history, verdict)}`,
        afterMillis,
      };
    }
  }
}

const operationsOf = (history: History, indexes: readonly number[]): readonly Operation[] =>
  indexes.flatMap((index) => history.filter((operation) => operation.index === index));

/** The operations that show it; of a circle also why each comes before the next. */
function storyOf(history: History, { core, evidence }: Violation): string {
  if (evidence.type !== "cycle") return listed(operationsOf(history, core).map(tell), "; ");
  const [first] = evidence.edges;
  const begins = first === undefined ? [] : operationsOf(history, [first.from]).map(tell);
  const steps = evidence.edges.map(({ to, why }) => {
    const told = operationsOf(history, [to]).map(tell).join("");
    return `${to === first?.from ? "the first again" : told} (${why})`;
  });
  return listed([...begins, ...steps], " → ");
}

function listed(parts: readonly string[], between: string): string {
  const more = parts.length - TOLD_MAX;
  return [...parts.slice(0, TOLD_MAX), ...(more > 0 ? [`${more} more`] : [])].join(between);
}

const PAST: Readonly<Record<string, string>> = { read: "read", write: "wrote", cas: "swapped" };

function tell({ process, f, key, input, output, outcome }: Operation): string {
  const ending = outcome === "ok" ? "" : ` (${outcome})`;
  const asked = `client ${process} ${PAST[f] ?? f} ${key}`;
  if (f === "read") return `${asked}: ${JSON.stringify(output)}${ending}`;
  const [from, to] = Array.isArray(input) ? input : [];
  if (f !== "cas") return `${asked} = ${JSON.stringify(input)}${ending}`;
  const swapped = `${asked} from ${JSON.stringify(from)} to ${JSON.stringify(to)}`;
  return `${swapped}${output === false ? " in vain" : ending}`;
}
