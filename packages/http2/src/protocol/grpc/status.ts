import { ErrorCode, errorName } from "../frames/index.ts";

/** gRPC's status codes, as numbers on the wire. */
export const Code = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** How a call ended. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

export const status = (code: number, message: string): Status => ({ code, message });

export const OK: Status = status(Code.OK, "");
export const CANCELED: Status = status(Code.Canceled, "context canceled");
export const DEADLINE_EXCEEDED: Status = status(Code.DeadlineExceeded, "context deadline exceeded");

/** What a reset means to a client (gRPC over HTTP/2, Errors). */
export function statusOfReset(code: number): Status {
  const text = `the stream was reset with ${errorName(code)}`;
  switch (code) {
    case ErrorCode.RefusedStream:
      return status(Code.Unavailable, text);
    case ErrorCode.Cancel:
      return status(Code.Canceled, text);
    case ErrorCode.EnhanceYourCalm:
      return status(Code.ResourceExhausted, text);
    case ErrorCode.InadequateSecurity:
      return status(Code.PermissionDenied, text);
    default:
      return status(Code.Internal, text);
  }
}

/** What an answer without a gRPC status means (gRPC, HTTP to gRPC Status Code Mapping). */
export function statusOfHttp(http: number): Status {
  const text = `the answer is no gRPC: HTTP status ${http}`;
  switch (http) {
    case 400:
      return status(Code.Internal, text);
    case 401:
      return status(Code.Unauthenticated, text);
    case 403:
      return status(Code.PermissionDenied, text);
    case 404:
      return status(Code.Unimplemented, text);
    case 429:
    case 502:
    case 503:
    case 504:
      return status(Code.Unavailable, text);
    default:
      return status(Code.Unknown, text);
  }
}
