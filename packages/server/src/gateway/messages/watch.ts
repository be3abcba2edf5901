import {
  bool,
  bytes,
  enumeration,
  int64,
  message,
  nested,
  repeated,
  string,
} from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";
import { Event } from "./kv.ts";

export const WatchCreateRequest = message("etcdserverpb.WatchCreateRequest", {
  key: bytes(1),
  range_end: bytes(2),
  start_revision: int64(3),
  progress_notify: bool(4),
  filters: repeated(enumeration(5, ["NOPUT", "NODELETE"])),
  prev_kv: bool(6),
  watch_id: int64(7),
  fragment: bool(8),
});

export const WatchCancelRequest = message("etcdserverpb.WatchCancelRequest", {
  watch_id: int64(1),
});

export const WatchProgressRequest = message("etcdserverpb.WatchProgressRequest", {});

export const WatchRequest = message("etcdserverpb.WatchRequest", {
  create_request: nested(1, () => WatchCreateRequest),
  cancel_request: nested(2, () => WatchCancelRequest),
  progress_request: nested(3, () => WatchProgressRequest),
});

export const WatchResponse = message("etcdserverpb.WatchResponse", {
  header: nested(1, () => ResponseHeader),
  watch_id: int64(2),
  created: bool(3),
  canceled: bool(4),
  compact_revision: int64(5),
  cancel_reason: string(6),
  fragment: bool(7),
  events: repeated(nested(11, () => Event)),
});
