import {
  bool,
  bytes,
  enumeration,
  int64,
  type MessageType,
  message,
  nested,
  repeated,
} from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";

export const KeyValue = message("mvccpb.KeyValue", {
  key: bytes(1),
  create_revision: int64(2),
  mod_revision: int64(3),
  version: int64(4),
  value: bytes(5),
  lease: int64(6),
});

export const Event = message("mvccpb.Event", {
  type: enumeration(1, ["PUT", "DELETE"]),
  kv: nested(2, () => KeyValue),
  prev_kv: nested(3, () => KeyValue),
});

export const RangeRequest = message("etcdserverpb.RangeRequest", {
  key: bytes(1),
  range_end: bytes(2),
  limit: int64(3),
  revision: int64(4),
  sort_order: enumeration(5, ["NONE", "ASCEND", "DESCEND"]),
  sort_target: enumeration(6, ["KEY", "VERSION", "CREATE", "MOD", "VALUE"]),
  serializable: bool(7),
  keys_only: bool(8),
  count_only: bool(9),
  min_mod_revision: int64(10),
  max_mod_revision: int64(11),
  min_create_revision: int64(12),
  max_create_revision: int64(13),
});

export const RangeResponse = message("etcdserverpb.RangeResponse", {
  header: nested(1, () => ResponseHeader),
  kvs: repeated(nested(2, () => KeyValue)),
  more: bool(3),
  count: int64(4),
});

export const RangeStreamResponse = message("etcdserverpb.RangeStreamResponse", {
  range_response: nested(1, () => RangeResponse),
});

export const PutRequest = message("etcdserverpb.PutRequest", {
  key: bytes(1),
  value: bytes(2),
  lease: int64(3),
  prev_kv: bool(4),
  ignore_value: bool(5),
  ignore_lease: bool(6),
});

export const PutResponse = message("etcdserverpb.PutResponse", {
  header: nested(1, () => ResponseHeader),
  prev_kv: nested(2, () => KeyValue),
});

export const DeleteRangeRequest = message("etcdserverpb.DeleteRangeRequest", {
  key: bytes(1),
  range_end: bytes(2),
  prev_kv: bool(3),
});

export const DeleteRangeResponse = message("etcdserverpb.DeleteRangeResponse", {
  header: nested(1, () => ResponseHeader),
  deleted: int64(2),
  prev_kvs: repeated(nested(3, () => KeyValue)),
});

export const Compare = message("etcdserverpb.Compare", {
  result: enumeration(1, ["EQUAL", "GREATER", "LESS", "NOT_EQUAL"]),
  target: enumeration(2, ["VERSION", "CREATE", "MOD", "VALUE", "LEASE"]),
  key: bytes(3),
  version: int64(4),
  create_revision: int64(5),
  mod_revision: int64(6),
  value: bytes(7),
  lease: int64(8),
  range_end: bytes(64),
});

/** Typed loosely where it contains itself: nothing here looks into a nested transaction. */
export const RequestOp = message("etcdserverpb.RequestOp", {
  request_range: nested(1, () => RangeRequest),
  request_put: nested(2, () => PutRequest),
  request_delete_range: nested(3, () => DeleteRangeRequest),
  request_txn: nested(4, (): MessageType => TxnRequest),
});

export const TxnRequest = message("etcdserverpb.TxnRequest", {
  compare: repeated(nested(1, () => Compare)),
  success: repeated(nested(2, () => RequestOp)),
  failure: repeated(nested(3, () => RequestOp)),
});

export const ResponseOp = message("etcdserverpb.ResponseOp", {
  response_range: nested(1, () => RangeResponse),
  response_put: nested(2, () => PutResponse),
  response_delete_range: nested(3, () => DeleteRangeResponse),
  response_txn: nested(4, (): MessageType => TxnResponse),
});

export const TxnResponse = message("etcdserverpb.TxnResponse", {
  header: nested(1, () => ResponseHeader),
  succeeded: bool(2),
  responses: repeated(nested(3, () => ResponseOp)),
});

export const CompactionRequest = message("etcdserverpb.CompactionRequest", {
  revision: int64(1),
  physical: bool(2),
});

export const CompactionResponse = message("etcdserverpb.CompactionResponse", {
  header: nested(1, () => ResponseHeader),
});
