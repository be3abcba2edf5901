import type { Model } from "../models.ts";
import { type Recording, transactionsOf } from "../readers/index.ts";
import type { Verdict, Violation } from "../verdict.ts";
import { circleNameFault, versionsFault } from "./list-append.ts";
import { validateOperations } from "./operations.ts";
import { rulesOf } from "./rules.ts";
import { circleFault, validateIsolation } from "./transactions.ts";

/**
 * Checks a verdict a second time, with code that the checkers do not share and by the definitions alone: what is wrong with it, or
 * null. It is slow and says nothing of what it cannot check: that a workload holds, `unknown`, and cores and orders that are too
 * large.
 */
export function validate(recording: Recording, model: Model, verdict: Verdict): string | null {
  if (verdict.type === "violation") {
    const fault = namesFault(verdict);
    if (fault !== null) return fault;
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
      const recorded = transactionsOf(recording);
      if (verdict.type === "unknown") return null;
      if (verdict.type === "ok") {
        const { witness } = verdict;
        if (witness.type !== "versions") return null;
        return versionsFault(model.level, recorded, witness.versions);
      }
      if (verdict.evidence.type !== "cycle") return null;
      const { edges } = verdict.evidence;
      return circleFault(recorded.transactions, edges) ?? circleNameFault(verdict.anomaly, edges);
    }
    default:
      return null;
  }
}

/** What holds of the violation of any model: the core names each operation once, and all that the evidence names. */
function namesFault({ anomaly, anomalies, core, evidence }: Violation): string | null {
  if (anomalies[0] !== anomaly) return "the anomaly is not the first of all";
  const inside = new Set(core);
  if (inside.size !== core.length) return "an operation stands in the core twice";
  const named =
    evidence.type === "cycle"
      ? evidence.edges.map(({ from }) => from)
      : evidence.type === "answer"
        ? [evidence.operation]
        : [];
  const outside = named.find((index) => !inside.has(index));
  return outside === undefined ? null : `the evidence names ${outside}, which is not in the core`;
}
