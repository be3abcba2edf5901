import type { Failure, KeyspaceId, Ticks } from "@quorate/kernel/core";

/** What an operator may choose otherwise than the profile has it; all in words, empty for what stays. */
interface KeyspaceTerms {
  /** Secondaries that a write waits for. */
  readonly sync: string;
  readonly reads: string;
  /** `wait` or `promote`, where a primary may be lost with writes. */
  readonly loss: string;
  /** A member's name, or `none`. */
  readonly prefer: string;
  /** Milliseconds between two questions of a secondary for what is new. */
  readonly pull: string;
  /** How many, or names of members. */
  readonly replicas: readonly string[];
}

/** A change of the cluster's keyspaces, as an operator asks for it. */
export type KeyspaceChange =
  | ({
      readonly type: "create";
      readonly name: string;
      readonly profile: string;
    } & KeyspaceTerms)
  /** Other terms while it serves; a profile is for life. */
  | ({ readonly type: "set"; readonly name: string } & KeyspaceTerms)
  /** Null takes the port away. */
  | { readonly type: "expose"; readonly name: string; readonly port: number | null }
  | { readonly type: "drop"; readonly name: string };

/**
 * `lossy`: acknowledged writes may be lost with a primary. `unconfirmed`: its leader asks nobody whether it still leads (ZooKeeper's
 * `sync`).
 */
export type Unlinearizable = "lossy" | "unconfirmed";

/** Changes of the cluster's keyspaces: commands on the system keyspace, whose codec is not the gateway's business. */
export interface KeyspaceAdmin {
  /** Why nothing that is read in this keyspace is surely the newest; null: it is. */
  unlinearizable(keyspace: KeyspaceId): Unlinearizable | null;
  /** Tells once how it ended: null for done. Never from inside the call. */
  changeKeyspaces(
    change: KeyspaceChange,
    deadline: Ticks,
    done: (failure: Failure | null) => void,
  ): void;
}
