import type { Entry, LogIndex, NodeId, Position, Ticks } from "../../core/index.ts";

/** The chain as its head has announced it. */
export interface Chain {
  /** Counts the chains of an epoch. Members only leave, or join at the end. */
  readonly number: number;
  /** Head first, tail last. */
  readonly order: readonly NodeId[];
  /** Where the head's log ended when it announced this chain: all that any chain before can have committed lies up to there. */
  readonly floor: LogIndex;
}

/**
 * Whether a member has all that it ever acknowledged. `new`: its disk says so, but nothing in this chain proves it, for the chain is older
 * than the member's life. `lost`: no; it leaves the chain and joins again, or where it cannot be spared is made whole in its place.
 * `blank`: no, and the chain is older than the loss, so that none of it tells what is to be made whole.
 */
export type Memory = "whole" | "new" | "lost" | "blank";

/** Every message carries the epoch of whoever sent it: a lower one than one's own is refused. */
export type ChainMessage =
  /** To one's successor: the log behind `prev` goes on like this, and is committed up to `commit` as far as known here. */
  | {
      readonly type: "Update";
      readonly epoch: number;
      readonly chain: Chain;
      readonly prev: Position;
      readonly entries: readonly Entry[];
      readonly commit: LogIndex;
      /** Whether an acknowledgement is wanted at once; else it comes from the tail. */
      readonly answer: boolean;
    }
  /** To one's predecessor. */
  | {
      readonly type: "Ack";
      readonly epoch: number;
      /**
       * `Holds`: all up to `match`. `Lacks`: go on behind `match`. `Forked`: what is committed here differs; only a snapshot mends that.
       */
      readonly state: "Holds" | "Lacks" | "Forked";
      readonly match: LogIndex;
      /** Up to here the tail has acknowledged. */
      readonly commit: LogIndex;
    }
  /**
   * The head lives, and this is its chain. `echo`: it has heard what the receiver said at that time of its own, and lets it answer readers.
   */
  | {
      readonly type: "Beat";
      readonly epoch: number;
      readonly chain: Chain;
      readonly echo: Ticks | null;
    }
  /** A member's answer to a beat. */
  | {
      readonly type: "Here";
      readonly epoch: number;
      /** Its own clock. */
      readonly at: Ticks;
      /** Of the chain that it knows. */
      readonly number: number;
      /** Its disk holds the head's log up to here. */
      readonly held: LogIndex;
      readonly commit: LogIndex;
      readonly memory: Memory;
    }
  /** Up to where may a reader look? Asked of the tail. */
  | { readonly type: "Ask"; readonly epoch: number; readonly question: number }
  | {
      readonly type: "Answer";
      readonly epoch: number;
      readonly question: number;
      readonly index: LogIndex;
    };
