import type { Failure } from "../../core/index.ts";

/** A refusal as the API defines it: gRPC code and text. Clients tell errors apart by the text. */
export type Rejected = Extract<Failure, { code: "Rejected" }>;

export const EMPTY_KEY = rejected(3, "etcdserver: key is not provided");
export const KEY_NOT_FOUND = rejected(3, "etcdserver: key not found");
export const VALUE_PROVIDED = rejected(3, "etcdserver: value is provided");
export const LEASE_PROVIDED = rejected(3, "etcdserver: lease is provided");
export const TOO_MANY_OPERATIONS = rejected(3, "etcdserver: too many operations in txn request");
export const DUPLICATE_KEY = rejected(3, "etcdserver: duplicate key given in txn request");
export const INVALID_SORT = rejected(3, "etcdserver: invalid sort option");
export const COMPACTED = rejected(11, "etcdserver: mvcc: required revision has been compacted");
export const FUTURE_REVISION = rejected(
  11,
  "etcdserver: mvcc: required revision is a future revision",
);
export const NO_SPACE = rejected(8, "etcdserver: mvcc: database space exceeded");
export const TOO_MANY_REQUESTS = rejected(8, "etcdserver: too many requests");
export const LEASE_NOT_FOUND = rejected(5, "etcdserver: requested lease not found");
export const LEASE_EXISTS = rejected(9, "etcdserver: lease already exists");
export const LEASE_TTL_TOO_LARGE = rejected(11, "etcdserver: too large lease TTL");
/** A transaction that would write was given to `readTxn`, which looks at a view and must not. */
export const NOT_READ_ONLY = rejected(13, "etcdserver: a transaction that writes is not a read");

/** Bytes that are no request: what a gRPC server says of a message that does not parse. */
export function malformed(why: string): Rejected {
  return rejected(13, `grpc: error unmarshalling request: ${why}`);
}

export function isRejected(value: object): value is Rejected {
  return "code" in value && value.code === "Rejected";
}

function rejected(status: number, message: string): Rejected {
  return { code: "Rejected", definite: true, status, message };
}
