import type { Bytes, Outcome, RequestId } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import type { Status } from "../status.ts";
import type { ErrorReport } from "./error-report.ts";

/**
 * From the caller's thread to the node's. Ids are the caller's own. `askedAt` is on the clock that both threads
 * share (`sharedMillis`), so that time in the mail is part of a call's deadline.
 */
export type ToNode =
  | {
      readonly type: "Write";
      readonly id: RequestId;
      readonly kind: number;
      readonly bytes: Bytes;
      readonly askedAt: number;
      readonly deadlineMillis: number;
    }
  | {
      readonly type: "Range";
      readonly id: RequestId;
      readonly bytes: Bytes;
      readonly askedAt: number;
      readonly deadlineMillis: number;
    }
  | { readonly type: "Cancel"; readonly id: RequestId }
  | { readonly type: "Watch"; readonly id: RequestId; readonly bytes: Bytes }
  | { readonly type: "Unwatch"; readonly id: RequestId }
  | { readonly type: "Taken"; readonly id: RequestId; readonly cost: number }
  | { readonly type: "LogTaken"; readonly lines: number }
  | { readonly type: "Close" };

/** From the node's thread to the caller's. */
export type FromNode = AnswerFromNode | NewsFromNode;

/** Answers to calls, and what watches see. */
export type AnswerFromNode =
  | { readonly type: "Part"; readonly id: RequestId; readonly bytes: Bytes }
  | { readonly type: "Done"; readonly id: RequestId; readonly bytes: Bytes }
  | { readonly type: "Failed"; readonly id: RequestId; readonly outcome: Failed }
  | { readonly type: "Watching"; readonly id: RequestId; readonly revision: number }
  | {
      readonly type: "Events";
      readonly id: RequestId;
      readonly revision: number;
      readonly bytes: Bytes;
    }
  | { readonly type: "WatchEnded"; readonly id: RequestId; readonly ended: WatchEnd }
  | { readonly type: "Status"; readonly status: Status };

/** The node's own life. `Started` or `Refused` comes once; nothing follows `Refused` and `Closed`. */
export type NewsFromNode =
  | {
      readonly type: "Started";
      readonly clientAddress: string;
      readonly peerAddress: string;
      readonly status: Status;
    }
  | { readonly type: "Refused"; readonly error: ErrorReport }
  | { readonly type: "Ready" }
  | {
      readonly type: "Log";
      readonly level: "info" | "warn" | "error";
      readonly fields: object;
      readonly text: string;
    }
  | { readonly type: "Halted"; readonly reason: string }
  | { readonly type: "Closed" };

type Failed = Extract<Outcome, { readonly ok: false }>;

/** Milliseconds of a clock that is the same in all threads of a process; `performance.now()` is each thread's own. */
export const sharedMillis = (): number => Number(process.hrtime.bigint() / 1_000_000n);
