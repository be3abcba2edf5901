import type { Model } from "../models.ts";
import { type Recording, transactionsOf } from "../readers/index.ts";
import type { Verdict } from "../verdict.ts";
import { validateOperations } from "./operations.ts";
import { rulesOf } from "./rules.ts";
import { circleFault, validateIsolation } from "./transactions.ts";

/**
 * Checks a verdict a second time, with code that the checkers do not share and by the definitions alone: what is wrong with it, or
 * null. It is slow and says nothing of what it cannot check: verdicts of workloads, `unknown`, cores and orders that are too
 * large, and whether a circle of dependencies is one that the level forbids.
 */
export function validate(recording: Recording, model: Model, verdict: Verdict): string | null {
  if (verdict.type === "violation" && verdict.anomalies[0] !== verdict.anomaly) {
    return "the anomaly is not the first of all";
  }
  switch (model.type) {
    case "linearizable": {
      if (recording.type !== "operations") return null;
      const maps = recording.format === "jepsen-edn" || recording.format === "jepsen-json";
      const registers = model.object.name === "register" || model.object.name === "cas-register";
      const rules = rulesOf(model.object, maps && registers);
      return validateOperations(recording.history, rules, verdict);
    }
    case "isolation":
      return validateIsolation(model.level, transactionsOf(recording).transactions, verdict);
    case "list-append":
    case "rw-register": {
      if (verdict.type !== "violation" || verdict.evidence.type !== "cycle") return null;
      return circleFault(transactionsOf(recording).transactions, verdict.evidence.edges);
    }
    default:
      return null;
  }
}
