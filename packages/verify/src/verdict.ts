/**
 * What every checker says. Operations are named by their index in the history, so that a verdict can be shown, stored and
 * checked again by `validate`, which shares no code with the checkers.
 */
export type Verdict =
  | { readonly type: "ok"; readonly witness: Witness }
  | Violation
  /** The budget ran out first. */
  | { readonly type: "unknown"; readonly steps: number; readonly why: string };

export interface Violation {
  readonly type: "violation";
  /** In the words of the literature: "not linearizable", "G1c", "lost-update", "stale read"… the most telling first. */
  readonly anomaly: string;
  /** All anomalies found, `anomaly` first. */
  readonly anomalies: readonly string[];
  /** Operations that by themselves, with the order between them, break the model; none can be left out where `minimal`. */
  readonly core: readonly number[];
  readonly minimal: boolean;
  readonly evidence: Evidence;
}

/** Why the model holds. */
export type Witness =
  /** One order of all operations that happened (of those with an unknown outcome, the ones that must have). */
  | { readonly type: "order"; readonly order: readonly number[] }
  /** An order for each key, or for each process: what locality or the model's definition asks for. */
  | { readonly type: "orders"; readonly orders: ReadonlyMap<string, readonly number[]> }
  /** The writers of each key, in the order of its versions: with it all dependencies follow, and they have no forbidden cycle. */
  | { readonly type: "versions"; readonly versions: ReadonlyMap<string, readonly number[]> }
  /** Each operation was compared with what it may answer, and there is no more to show. */
  | { readonly type: "direct"; readonly compared: number };

/** Why it does not. */
export type Evidence =
  /** No order explains the core; this one goes furthest, and `stuck` cannot follow it. */
  | {
      readonly type: "no-order";
      readonly longest: readonly number[];
      readonly stuck: readonly number[];
    }
  /** Each must come before the next, and the last before the first. */
  | { readonly type: "cycle"; readonly edges: readonly Edge[] }
  /** What was answered, and what could have been. */
  | { readonly type: "answer"; readonly operation: number; readonly expected: string };

/** `from` comes before `to`. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Adya's: write-read, write-write, read-write (anti-dependency); and the orders of sessions and of real time. */
  readonly kind: "wr" | "ww" | "rw" | "session" | "realtime";
  readonly key: string | null;
  /** For a reader: "5 was appended to x after the list that 3 read". */
  readonly why: string;
}
