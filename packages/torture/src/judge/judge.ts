import { readFileSync } from "node:fs";
import { type History, type Operation, parseHistory } from "@quorate/verify";
import { type Judgement, type WorkloadName, workloadNamed } from "../workloads/index.ts";

/** What one workload's history came to. */
export interface Finding {
  readonly workload: WorkloadName;
  readonly model: string;
  readonly result: "held" | "broken" | "unknown";
  /** For a person: the anomaly, or what was spent, or what was compared. */
  readonly why: string;
  /** The operations that break the model. */
  readonly core: readonly Operation[];
  readonly operations: number;
  readonly millis: number;
}

/** Of each model. */
const CHECK_MILLIS = 60_000;
/** Operations of a core that a report shows. */
const CORE_MAX = 40;

/** Judges a history by all models of its workload. */
export function judge(workload: WorkloadName, history: History): readonly Finding[] {
  const began = performance.now();
  const spent = (): boolean => performance.now() - began > CHECK_MILLIS;
  const judgements = workloadNamed(workload).judge(history, spent);
  const millis = Math.round(performance.now() - began);
  return judgements.map((judgement) => finding(workload, history, judgement, millis));
}

/** The same, from the file that was recorded. */
export const judgeFile = (workload: WorkloadName, path: string): readonly Finding[] =>
  judge(workload, parseHistory(readFileSync(path, "utf8")));

function finding(
  workload: WorkloadName,
  history: History,
  { model, verdict }: Judgement,
  millis: number,
): Finding {
  const about = { workload, model, operations: history.length, millis };
  switch (verdict.type) {
    case "ok":
      return { ...about, result: "held", why: "", core: [] };
    case "unknown":
      return { ...about, result: "unknown", why: verdict.why, core: [] };
    case "violation": {
      const { evidence, anomalies, core } = verdict;
      const expected = evidence.type === "answer" ? `: expected ${evidence.expected}` : "";
      const operations = core.slice(0, CORE_MAX).flatMap((index) => history[index] ?? []);
      return {
        ...about,
        result: "broken",
        why: `${anomalies.join(", ")}${expected}`,
        core: operations,
      };
    }
  }
}
