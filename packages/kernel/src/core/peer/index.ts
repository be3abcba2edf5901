export { type Acquaintance, compareHellos, type HelloMismatch } from "./acquaintance.ts";
export {
  decodeFrame,
  encodeFrameHead,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  type FrameHead,
  frameBytes,
  frameSum,
} from "./frame.ts";
export {
  decodeHello,
  encodeHello,
  HELLO_BYTES_MAX,
  HELLO_CLIENT_ADDRESSES_MAX,
  HELLO_MEMBERS_MAX,
  HELLO_PREFIX_BYTES,
  HELLO_TEXT_BYTES_MAX,
  type Hello,
  helloBytes,
  type JoinedHello,
  type JoinHello,
  PEER_VERSIONS,
  type PeerHello,
  type RefusedHello,
  type VersionRange,
} from "./hello.ts";
export { type FrameDrop, type Opened, PeerLink } from "./link.ts";
export { FrameSplitter } from "./splitter.ts";
