import { type Bytes, Malformed } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import * as m from "../messages/index.ts";
import { decode, type MessageType, toJson } from "../protobuf/index.ts";

/**
 * A command of the log as etcd's JSON gateway would have it: the request, keys and values in base64. Null for what is none of a client's.
 */
export function commandJson(
  kind: number,
  body: Bytes,
): { readonly name: string; readonly request: unknown } | null {
  for (const [name, [number, read]] of Object.entries(REQUESTS)) {
    if (number !== kind) continue;
    const request = read(body);
    return request === null ? null : { name, request };
  }
  return null;
}

const jsonBy =
  <T>(type: MessageType<T>) =>
  (body: Bytes): unknown => {
    const request = decode(type, body);
    return request instanceof Malformed ? null : JSON.parse(toJson(type, request));
  };

const REQUESTS: Readonly<Record<string, readonly [kind: number, (body: Bytes) => unknown]>> = {
  put: [EtcdKind.put, jsonBy(m.PutRequest)],
  deleteRange: [EtcdKind.deleteRange, jsonBy(m.DeleteRangeRequest)],
  txn: [EtcdKind.txn, jsonBy(m.TxnRequest)],
  compact: [EtcdKind.compact, jsonBy(m.CompactionRequest)],
  leaseGrant: [EtcdKind.leaseGrant, jsonBy(m.LeaseGrantRequest)],
  leaseRevoke: [EtcdKind.leaseRevoke, jsonBy(m.LeaseRevokeRequest)],
  leaseKeepAlive: [EtcdKind.leaseKeepAlive, jsonBy(m.LeaseKeepAliveRequest)],
};
