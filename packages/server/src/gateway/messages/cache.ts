import { bytes, int64, message, nested, repeated, string, uint64 } from "../protobuf/index.ts";
import { ResponseHeader } from "./header.ts";
import { KeyValue } from "./kv.ts";

/** `life` and `serial` are the client's own names for a request: they come back with its answer. */
export const CacheRead = message("quorate.v1.CacheRead", {
  key: bytes(1),
  life: uint64(2),
  serial: int64(3),
});

/** Nothing that was granted on the key before that recall is cached any more, nor will be. */
export const CacheDropped = message("quorate.v1.CacheDropped", {
  key: bytes(1),
  recall: int64(2),
  issuer: uint64(3),
});

export const CacheRequest = message("quorate.v1.CacheRequest", {
  read: nested(1, () => CacheRead),
  dropped: nested(2, () => CacheDropped),
});

/** Which request is answered, and for how long from its sending its answer may be kept, within the bound on clocks; 0: not at all. */
export const CacheAnswer = message("quorate.v1.CacheAnswer", {
  key: bytes(1),
  life: uint64(2),
  serial: int64(3),
  lease_ms: int64(4),
});

/** Whatever is cached of the key up to that revision is to be dropped, and that to be said. */
export const CacheRecall = message("quorate.v1.CacheRecall", {
  key: bytes(1),
  revision: int64(2),
  recall: int64(3),
  issuer: uint64(4),
});

/** This member does not lead, and the stream ends. No URLs: it does not know who does. */
export const CacheElsewhere = message("quorate.v1.CacheElsewhere", {
  client_urls: repeated(string(1)),
});

/** Up to `count` the fields of a RangeResponse, as they come from the machine; they belong to `answer`. */
export const CacheResponse = message("quorate.v1.CacheResponse", {
  header: nested(1, () => ResponseHeader),
  kvs: repeated(nested(2, () => KeyValue)),
  count: int64(4),
  answer: nested(8, () => CacheAnswer),
  recall: nested(9, () => CacheRecall),
  elsewhere: nested(10, () => CacheElsewhere),
});
