import type { Failure } from "@quorate/kernel/core";

/** Failures of the node, and those that arise only at this surface. */
export type ErrorCode = Failure["code"] | "Aborted" | "Compacted";

/**
 * An operation did not succeed. `definite` promises that it had no effect and never will; where it is false a write
 * may have happened, or may yet happen.
 */
export class QuorateError extends Error {
  override readonly name = "QuorateError";
  readonly code: ErrorCode;
  readonly definite: boolean;

  constructor(code: ErrorCode, definite: boolean, message: string) {
    super(message);
    this.code = code;
    this.definite = definite;
  }
}

/** What was asked makes no sense: nothing was done. */
export const badArgument = (message: string): QuorateError =>
  new QuorateError("Rejected", true, message);

export function errorOf(failure: Failure): QuorateError {
  return new QuorateError(failure.code, failure.definite, textOf(failure));
}

function textOf(failure: Failure): string {
  switch (failure.code) {
    case "Rejected":
    case "ChangeRefused":
      return failure.message;
    case "Timeout":
      return `no answer in ${failure.waitedTicks} ms: a write may have happened, or may yet happen`;
    case "Expired":
      return "the deadline had passed before anything was done";
    case "TooLarge":
      return `the request is larger than ${failure.limitBytes} bytes`;
    case "Overloaded":
      return `the node is overloaded: try again after ${failure.retryAfterTicks} ms`;
    case "Stopped":
      return "the node is stopping";
    case "NoLeader":
      return "the cluster has no leader at present: try again";
    case "NoSpace":
      return "the keyspace or the disk is full: delete something, then compact";
    default:
      return `the node refused it: ${failure.code}`;
  }
}
