export { type CallOptions, ClientCall, type ClientEnd, type ClientHandler } from "./client-call.ts";
export { ClientMethod, type ClientMethodOptions } from "./client-method.ts";
export { type ClientShared, ClientSide } from "./client-side.ts";
export { type Compression, offer } from "./compression.ts";
export { DEADLINE_PERIOD_MS, Deadlines, type Timed } from "./deadlines.ts";
export { MessageReader } from "./message-reader.ts";
export { isGrpcContentType } from "./request.ts";
export { type ConnectionHost, type ServerShared, ServerSide } from "./server-side.ts";
export {
  CANCELED,
  Code,
  DEADLINE_EXCEEDED,
  OK,
  type Status,
  status,
} from "./status.ts";
export { binaryField, binaryValues, percentDecode, percentEncode } from "./text.ts";
export { formatTimeout, parseTimeout } from "./timeout.ts";
export {
  type CallHandler,
  type CallObserver,
  type GrpcCall,
  type Http2GrpcCall,
  type Method,
  Methods,
  type MethodType,
  type Router,
} from "./transport.ts";
