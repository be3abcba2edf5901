import {
  ALL_WRITES,
  type Bytes,
  type DataRange,
  decoded,
  Malformed,
  NO_WRITES,
  type Writes,
} from "../../core/index.ts";
import { keyRange } from "../mvcc/index.ts";
import type { Keyspace } from "./keyspace.ts";
import { EtcdKind } from "./kinds.ts";
import { readExpired } from "./lease-commands.ts";
import { isRejected, type Rejected } from "./rejected.ts";
import {
  decode,
  type RequestOp,
  readDeleteRange,
  readLease,
  readPut,
  readTxn,
} from "./requests.ts";

/** Which keys a command may change; of a transaction those of both branches, for which is taken is not known before. */
export function writesOf(keyspace: Keyspace, kind: number, body: Bytes): Writes {
  switch (kind) {
    case EtcdKind.put:
      return decodedOp("put", decode(readPut, body));
    case EtcdKind.deleteRange:
      return decodedOp("deleteRange", decode(readDeleteRange, body));
    case EtcdKind.txn:
      return decodedOp("txn", decode(readTxn, body));
    case EtcdKind.leaseRevoke: {
      const request = decode(readLease, body);
      return isRejected(request) ? NO_WRITES : attachedTo(keyspace, [request.id]);
    }
    case EtcdKind.leasesExpired: {
      const ids = decoded(() => readExpired(body));
      return ids instanceof Malformed ? NO_WRITES : attachedTo(keyspace, ids);
    }
    case EtcdKind.compact:
    case EtcdKind.leaseGrant:
    case EtcdKind.leaseKeepAlive:
    case EtcdKind.leaseTimeToLive:
    case EtcdKind.setQuota:
      return NO_WRITES;
    default:
      return ALL_WRITES;
  }
}

const NO_END = new Uint8Array(0);

/** What does not decode is refused when it is applied, and changes nothing. */
function decodedOp<T extends Writing["type"]>(
  type: T,
  request: Extract<Writing, { readonly type: T }>["request"] | Rejected,
): Writes {
  if (isRejected(request)) return NO_WRITES;
  return { ranges: rangesOf({ type, request } as Writing), follows: false };
}

type Writing = Exclude<RequestOp, { readonly type: "range" | "none" }>;

/** A put that is under way may attach another key to a lease before it ends. */
const attachedTo = ({ leases }: Keyspace, ids: readonly bigint[]): Writes => ({
  ranges: ids.flatMap((id) => leases.keysOf(id)).map((key) => ({ from: key, to: `${key}\0` })),
  follows: true,
});

function rangesOf(op: RequestOp): readonly DataRange[] {
  switch (op.type) {
    case "put":
      return [keyRange(op.request.key, NO_END)];
    case "deleteRange":
      return [keyRange(op.request.key, op.request.rangeEnd)];
    case "txn":
      return [...op.request.success.flatMap(rangesOf), ...op.request.failure.flatMap(rangesOf)];
    case "range":
    case "none":
      return [];
  }
}
