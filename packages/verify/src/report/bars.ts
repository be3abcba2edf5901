import type { Operation, Outcome, Value } from "../history/index.ts";
import type { Recording } from "../readers/index.ts";
import type { Step, Transaction } from "../transactions/index.ts";

/** An operation as it is drawn: a bar in the lane of its process. */
export interface Bar {
  /** Its place in the history, by which verdicts name it. */
  readonly index: number;
  readonly process: number;
  readonly from: number;
  /** Infinity where it stayed open. */
  readonly to: number;
  readonly outcome: Outcome;
  /** What was done and answered, uncut; made when it is asked for, since it can be long. */
  readonly text: () => string;
}

export interface Bars {
  /** By times; else by the place in the session. */
  readonly timed: boolean;
  readonly bars: readonly Bar[];
}

/** A bar for each operation or transaction of a recording, in the order of the history. */
export function barsOf(recording: Recording): Bars {
  if (recording.type === "operations") {
    return { timed: true, bars: recording.history.map(operationBar) };
  }
  const { transactions, orders } = recording;
  const timed = orders.realtime && transactions.every(({ called }) => called !== null);
  return { timed, bars: transactions.map((transaction) => transactionBar(transaction, timed)) };
}

const operationBar = (operation: Operation): Bar => ({
  index: operation.index,
  process: operation.process,
  from: operation.called,
  to: operation.returned,
  outcome: operation.outcome,
  text: () => operationText(operation),
});

/** Where there are no times, a bar takes most of its place. */
const PLACE_SHARE = 0.8;

function transactionBar(transaction: Transaction, timed: boolean): Bar {
  const { index, session, place, outcome, called, returned, steps } = transaction;
  return {
    index,
    process: session,
    from: timed ? (called ?? 0) : place,
    to: timed ? (returned ?? Number.POSITIVE_INFINITY) : place + PLACE_SHARE,
    outcome,
    text: () => steps.map(stepText).join(", "),
  };
}

function operationText({ f, key, input, output }: Operation): string {
  const asked = [f, ...(key === null ? [] : [key]), ...shown(input)].join(" ");
  return output === null ? asked : `${asked} → ${JSON.stringify(output)}`;
}

const shown = (value: Value): readonly string[] => (value === null ? [] : [JSON.stringify(value)]);

function stepText(step: Step): string {
  switch (step.type) {
    case "read":
      return `r ${step.key} → ${step.value ?? "nothing"}`;
    case "blind-read":
      return `r ${step.key} → ?`;
    case "write":
      return `w ${step.key} ${step.value}`;
    case "append":
      return `append ${step.key} ${step.value}`;
    case "read-list":
      return `r ${step.key} → [${step.value.join(" ")}]`;
  }
}
