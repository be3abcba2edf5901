import type { Bytes, NodeId, Ticks } from "./ids.ts";

/** Why a request did not succeed. `definite: true` promises that it had no effect and never will. */
export type Failure =
  /** This replica does not order writes and the caller asked it not to forward. */
  | { readonly code: "NotLeader"; readonly definite: true; readonly leaderHint: NodeId | null }
  /** No leader is known and the request could not wait for one. */
  | { readonly code: "NoLeader"; readonly definite: true }
  /** The deadline passed. The write may have happened, or may yet happen. */
  | { readonly code: "Timeout"; readonly definite: false; readonly waitedTicks: Ticks }
  /** The deadline had passed before anything was done. */
  | { readonly code: "Expired"; readonly definite: true }
  /** A bound named in the options was reached; nothing was done. */
  | { readonly code: "Overloaded"; readonly definite: true; readonly retryAfterTicks: Ticks }
  /** The disk reserve or the keyspace quota refuses writes; reads and deletes go on. */
  | { readonly code: "NoSpace"; readonly definite: true }
  /** The node is shutting down. */
  | { readonly code: "Stopped"; readonly definite: true }
  /** The request is larger than the bound; `limitBytes` names it. */
  | { readonly code: "TooLarge"; readonly definite: true; readonly limitBytes: number }
  /** No keyspace of that id is known here. */
  | { readonly code: "UnknownKeyspace"; readonly definite: true; readonly keyspace: number }
  /** This member is a learner and may not serve that. */
  | { readonly code: "Learner"; readonly definite: true }
  /** The replica deviated from its group, or its group is read-only after a divergence (card 66). */
  | { readonly code: "Corrupt"; readonly definite: true }
  /** Leadership moved while the request was under way. */
  | { readonly code: "LeaderChanged"; readonly definite: boolean }
  /** A leadership transfer was refused: the target is unknown or a learner. */
  | { readonly code: "BadTransferee"; readonly definite: true }
  /** A member change that the protocol or the reconciler refuses; `message` says why and what to do. */
  | { readonly code: "ChangeRefused"; readonly definite: true; readonly message: string }
  /** The machine refused the command as its API defines; `status` is the gRPC code that goes with `message`. */
  | {
      readonly code: "Rejected";
      readonly definite: true;
      readonly status: number;
      readonly message: string;
    };

/** How an operation ended. A time-out is never turned into a definite failure (catalogue A2). */
export type Outcome =
  | { readonly ok: true; readonly value: Bytes }
  | ({ readonly ok: false } & Failure);

export const succeed = (value: Bytes): Outcome => ({ ok: true, value });
export const fail = (failure: Failure): Outcome => ({ ok: false, ...failure });
