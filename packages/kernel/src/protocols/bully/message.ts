import type { NodeId } from "../../core/index.ts";

/**
 * What the members tell each other (Garcia-Molina 1982; card 11). Each says the highest epoch that its sender has heard of. The sender
 * travels beside it.
 */
export type BullyMessage =
  /** To all higher members: is one of you there? */
  | { readonly type: "Election"; readonly epoch: number }
  /** A higher member is there, and takes over. */
  | { readonly type: "Answer"; readonly epoch: number }
  | { readonly type: "Coordinator"; readonly id: NodeId; readonly epoch: number }
  /** The coordinator lives. The paper leaves it to the network to find out. */
  | { readonly type: "Beat"; readonly epoch: number };
