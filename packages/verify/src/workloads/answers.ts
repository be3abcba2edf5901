import type { Violation } from "../verdict.ts";

/** An answer that no state can have given: what was read, and what could have been. */
export interface WrongAnswer {
  readonly anomaly: string;
  readonly operation: number;
  readonly expected: string;
  /** With the operations that make it wrong. */
  readonly core: readonly number[];
}

/** A violation out of wrong answers, the first of them in full. */
export function wrongAnswers(answers: readonly [WrongAnswer, ...WrongAnswer[]]): Violation {
  const [{ anomaly, operation, expected, core }] = answers;
  return {
    type: "violation",
    anomaly,
    anomalies: [...new Set(answers.map((answer) => answer.anomaly))],
    core: [...new Set(core)].sort((a, b) => a - b),
    minimal: true,
    evidence: { type: "answer", operation, expected },
  };
}

/** The verdict of a checker that compares each answer. */
export function verdictOf(answers: readonly WrongAnswer[], compared: number) {
  const [first, ...rest] = answers;
  if (first !== undefined) return wrongAnswers([first, ...rest]);
  return { type: "ok", witness: { type: "direct", compared } } as const;
}
