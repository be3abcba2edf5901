export { decode, encode, flag } from "./codec.ts";
export { fromJson, toJson } from "./json.ts";
export { onlyKnown } from "./known.ts";
export type { MessageOf, MessageType } from "./schema.ts";
export {
  bool,
  bytes,
  enumeration,
  int64,
  message,
  nested,
  repeated,
  string,
  uint32,
  uint64,
} from "./schema.ts";
export { DELIMITED, VARINT, WireReader, WireWriter } from "./wire.ts";
