import type { Outcome } from "../history/index.ts";

/** A key or a value, as the history names it. Values written to one key are all different. */
export type Atom = string | number;

/** One step of a transaction, in its order. */
export type Step =
  /** Null is the initial state: nobody has written the key yet. */
  | { readonly type: "read"; readonly key: Atom; readonly value: Atom | null }
  /** A read whose answer is not known: it constrains nothing. */
  | { readonly type: "blind-read"; readonly key: Atom }
  | { readonly type: "write"; readonly key: Atom; readonly value: Atom }
  | { readonly type: "append"; readonly key: Atom; readonly value: Atom }
  /** The whole list of a key; empty where nothing was appended yet. */
  | { readonly type: "read-list"; readonly key: Atom; readonly value: readonly Atom[] };

export interface Transaction {
  /** Its place in the history; verdicts name it so. */
  readonly index: number;
  readonly session: number;
  /** Its place among the transactions of its session: 0, 1, 2… */
  readonly place: number;
  readonly steps: readonly Step[];
  /** `failed` is aborted: nobody may read what it wrote. `unknown` may have committed. */
  readonly outcome: Outcome;
  /** Of one clock, or both null: then there is no real-time order. `returned` is Infinity where the outcome is unknown. */
  readonly called: number | null;
  readonly returned: number | null;
}
