import type { Entry, LogIndex, Position, Ticks } from "../../core/index.ts";

/** Every message carries the epoch of whoever sent it: a lower one than one's own is refused. */
export type PrimaryMessage =
  /** The log behind `prev` goes on like this, and is committed up to `commit` (cards 1, 2). */
  | {
      readonly type: "Update";
      readonly epoch: number;
      readonly prev: Position;
      readonly entries: readonly Entry[];
      readonly commit: LogIndex;
      /**
       * Where the epoch of `prev` begins, as far back as this log tells: who has another epoch at `prev` looks before that for what both
       * have.
       */
      readonly since: LogIndex;
      /** Whether an acknowledgement is wanted: a commit notice wants none. */
      readonly answer: boolean;
      /** What the receiver said of its own time was heard, and lets it answer readers. */
      readonly echo: Ticks | null;
    }
  | {
      readonly type: "Ack";
      readonly epoch: number;
      /**
       * `Holds`: all up to `match`. `Lacks`: go on behind `match`. `Forked`: what is committed here differs; only a snapshot mends that.
       */
      readonly state: "Holds" | "Lacks" | "Forked";
      readonly match: LogIndex;
      /** Its own clock. */
      readonly at: Ticks;
    }
  /** A secondary asks for what is new. */
  | { readonly type: "Pull"; readonly epoch: number }
  /** Up to where may a reader look? Asked of the primary. */
  | { readonly type: "Ask"; readonly epoch: number; readonly question: number }
  | {
      readonly type: "Answer";
      readonly epoch: number;
      readonly question: number;
      readonly index: LogIndex;
    };
