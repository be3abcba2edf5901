/** How an operation ended. `unknown` may have happened, and may yet happen, at any time after its call. */
export type Outcome = "ok" | "failed" | "unknown";

/** What histories are made of: what JSON can say. Integers beyond 2^53 are strings. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One operation of a client, from call to return; the one form that every checker reads. */
export interface Operation {
  /** Its place among the operations of the history, in the order of their calls: 0, 1, 2… Verdicts name operations by it. */
  readonly index: number;
  /** A process does one thing at a time; its operations are in the order of their calls. */
  readonly process: number;
  /** What was done, in the words of the model: "read", "write", "cas", "txn", "append"… */
  readonly f: string;
  /** Which of many independent objects; null where the history has only one, or where `value` names its keys. */
  readonly key: string | null;
  /** What it was called with. */
  readonly input: Value;
  /** What it answered; null where it did not, or answered nothing. */
  readonly output: Value;
  /** Integers of one clock in any unit. Equal times are concurrent. */
  readonly called: number;
  /** Infinity where the outcome is unknown: it stays open for ever. */
  readonly returned: number;
  readonly outcome: Outcome;
}

/** All operations, in the order of their calls: `history[i].index === i`. */
export type History = readonly Operation[];
