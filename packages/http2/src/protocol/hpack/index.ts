export { type DecoderLimits, HpackDecoder, TABLE_BYTES_INITIAL } from "./decoder.ts";
export { HpackEncoder } from "./encoder.ts";
export { Malformed } from "./malformed.ts";
