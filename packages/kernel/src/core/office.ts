import type { NodeId } from "./ids.ts";

/**
 * Who orders a group's writes by the word of the system keyspace (cards 2, 8), for protocols that elect nobody themselves. Its replicas
 * refuse commands of a lower epoch.
 */
export interface Office {
  /** Rises with every primary. */
  readonly epoch: number;
  /** Rises with every change: what is asked of an older one is refused. */
  readonly version: number;
  /** Null: vacant. */
  readonly primary: NodeId | null;
  /** Who holds all that may have been acknowledged, in the order of a chain. The primary is among them. */
  readonly inSync: readonly NodeId[];
}

/** What a primary asks of the system keyspace; fenced by the version of its office. */
export type Petition =
  /** Must be granted before anything is acknowledged without those who are missing (card 2, in-sync set). */
  | { readonly type: "inSync"; readonly inSync: readonly NodeId[] }
  /** It gives the office back: to a member that is as far as itself, or to whoever is found. */
  | { readonly type: "resign"; readonly to: NodeId | null };
