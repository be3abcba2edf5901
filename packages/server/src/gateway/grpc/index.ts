export { Deadlines, type Timed } from "./deadlines.ts";
export { isGrpcContentType, parseTimeout, percentEncode } from "./headers.ts";
export { HTTP2_LIMITS, type Http2Limits } from "./http2-listener.ts";
export { type GrpcListener, type Http2Implementation, listenerOf } from "./listener.ts";
export { MessageReader, PREFIX_BYTES, prefixOf } from "./message-reader.ts";
export { CODE_NAMES, Code, DEADLINE_EXCEEDED, OK, type Status, status } from "./status.ts";
export {
  type CallHandler,
  type CallObserver,
  ENDED,
  type GrpcCall,
  type Method,
  ServiceTable,
} from "./transport.ts";
