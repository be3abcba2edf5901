export {
  type CallHandler,
  Code,
  DEADLINE_EXCEEDED,
  type GrpcCall,
  OK,
  type Status,
  status,
} from "@quorate/http2";
export { parseTimeout } from "@quorate/http2/protocol";
export { CODE_NAMES } from "./code-names.ts";
export { Deadlines, type Timed } from "./deadlines.ts";
export { HTTP2_LIMITS, type Http2Limits } from "./http2-listener.ts";
export { type GrpcListener, type Http2Implementation, listenerOf } from "./listener.ts";
export { prefixOf } from "./message-prefix.ts";
export { type CallObserver, ENDED, type Method, ServiceTable } from "./service-table.ts";
