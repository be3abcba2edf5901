import type { Accepted, Ballot, Bytes } from "../../core/index.ts";

/**
 * What the processes of one decision tell each other (Lamport 2001). `Promised` is the paper's PROMISE: the plain word belongs to the
 * language. The sender travels beside it.
 */
export type SynodMessage =
  | { readonly type: "Prepare"; readonly ballot: Ballot }
  | {
      readonly type: "Promised";
      readonly ballot: Ballot;
      readonly accepted: Accepted<Bytes> | null;
    }
  | { readonly type: "Accept"; readonly ballot: Ballot; readonly value: Bytes }
  /** To whoever learns: with the value, for a learner need not have heard the proposer. */
  | { readonly type: "Accepted"; readonly ballot: Ballot; readonly value: Bytes }
  /** Of either phase: a higher ballot is promised. Binds nobody. */
  | { readonly type: "Reject"; readonly ballot: Ballot; readonly promised: Ballot }
  | { readonly type: "Decided"; readonly value: Bytes; readonly acknowledge: boolean }
  | { readonly type: "Ack" }
  /** What have you accepted, or what was chosen? For a learner that missed messages. */
  | { readonly type: "Ask" };
