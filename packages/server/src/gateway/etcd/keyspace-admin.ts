import type { Failure, Ticks } from "@quorate/kernel/core";

/** A change of the cluster's keyspaces, as an operator asks for it. */
export type KeyspaceChange =
  | { readonly type: "create"; readonly name: string; readonly profile: string }
  /** Null takes the port away. */
  | { readonly type: "expose"; readonly name: string; readonly port: number | null }
  | { readonly type: "drop"; readonly name: string };

/** Changes of the cluster's keyspaces: commands on the system keyspace, whose codec is not the gateway's business. */
export interface KeyspaceAdmin {
  /** Tells once how it ended: null for done. Never from inside the call. */
  changeKeyspaces(
    change: KeyspaceChange,
    deadline: Ticks,
    done: (failure: Failure | null) => void,
  ): void;
}
