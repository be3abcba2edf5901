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

/** The names of the codes by value, as metrics spell them. */
export const CODE_NAMES: readonly string[] = Object.keys(Code);

/** How a call ended. Clients of etcd decide by `message`, so it is part of the interface. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

export const OK: Status = { code: Code.OK, message: "" };
export const DEADLINE_EXCEEDED: Status = {
  code: Code.DeadlineExceeded,
  message: "context deadline exceeded",
};

export const status = (code: number, message: string): Status => ({ code, message });
