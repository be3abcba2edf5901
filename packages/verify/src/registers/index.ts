import type { Spent } from "../budget.ts";
import type { History } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { checkConvergence } from "./convergence.ts";
import {
  causality,
  monotonicReads,
  monotonicWrites,
  pram,
  type Relation,
  readYourWrites,
  writesFollowReads,
} from "./relations.ts";
import { checkPerProcess } from "./seen-orders.ts";
import { checkSequential } from "./sequential.ts";

export { checkStaleness, type Staleness, staleness } from "./staleness.ts";

/** Models of registers with unique writes, weaker than linearizability (docs/histories.md). */
export const REGISTER_MODELS = [
  "sequential",
  "causal-memory",
  "pram",
  "read-your-writes",
  "monotonic-reads",
  "monotonic-writes",
  "writes-follow-reads",
  "convergence",
] as const;

export type RegisterModel = (typeof REGISTER_MODELS)[number];

const RELATIONS: Readonly<Record<Exclude<RegisterModel, "sequential" | "convergence">, Relation>> =
  {
    "causal-memory": causality,
    pram,
    "read-your-writes": readYourWrites,
    "monotonic-reads": monotonicReads,
    "monotonic-writes": monotonicWrites,
    "writes-follow-reads": writesFollowReads,
  };

export function checkRegisterModel(model: RegisterModel, history: History, spent: Spent): Verdict {
  if (model === "sequential") return checkSequential(history, spent);
  if (model === "convergence") return checkConvergence(history);
  return checkPerProcess(model, RELATIONS[model], history, spent);
}
