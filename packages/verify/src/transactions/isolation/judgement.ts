import type { Edge } from "../../verdict.ts";

/** What an algorithm says of a register history whose answers are not wrong by themselves. */
export type Judgement =
  | {
      readonly type: "holds";
      /** All nodes in the commit order that the axioms ask for. */
      readonly order: readonly number[];
    }
  | Broken
  | { readonly type: "undecided"; readonly steps: number };

export interface Broken {
  readonly type: "broken";
  /** Nodes that by themselves break the level. */
  readonly core: readonly number[];
  /** Each node before the next, and the last before the first; null where no single cycle shows it. */
  readonly cycle: readonly NodeEdge[] | null;
}

/** An edge between nodes, where `Edge` has indices of the history. */
export type NodeEdge = Edge;
