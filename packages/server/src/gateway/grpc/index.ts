export { isGrpcContentType, parseTimeout, percentEncode } from "./headers.ts";
export { HTTP2_LIMITS, type Http2Limits, Http2Listener } from "./http2-listener.ts";
export { MessageReader, PREFIX_BYTES, prefixOf } from "./message-reader.ts";
export { CODE_NAMES, Code, OK, type Status, status } from "./status.ts";
export {
  type CallHandler,
  type CallObserver,
  ENDED,
  type GrpcCall,
  type Method,
  type MethodType,
  ServiceTable,
} from "./transport.ts";
