import type { Duplex } from "node:stream";
import {
  CONNECTION_LIMITS,
  type Flush,
  GRPC_LIMITS,
  GrpcServer,
  LISTENER_LIMITS,
  type Status,
} from "@quorate/http2";
import type { Pools } from "../pools.ts";
import { type Http2Limits, Http2Listener } from "./http2-listener.ts";
import type { CallObserver, Method, ServiceTable } from "./service-table.ts";

/** gRPC on sockets that `accept` hands it. */
export interface GrpcListener {
  /** Takes over a connection whose next bytes are the HTTP/2 preface. */
  accept(socket: Duplex): void;
  /** Ends streaming calls with `reason`, lets unary ones finish; connections close with their last call. */
  drain(reason: Status): void;
  /** Cuts every connection. */
  destroy(): void;
}

/** `quorate`: `@quorate/http2`. `node`: `node:http2`, at many times the cost, should the other ever be in doubt. */
export type Http2Implementation = "quorate" | "node";

/** `flush` is heeded by our own listener alone: Node's writes as it likes. */
export function listenerOf(
  by: Http2Implementation,
  table: ServiceTable,
  observer: CallObserver,
  limits: Http2Limits,
  pools: Pools,
  flush: Flush,
): GrpcListener {
  if (by === "node") return new Http2Listener(table, observer, limits);
  return new GrpcServer<Method>({
    router: table,
    observer,
    flush,
    limits: {
      ...CONNECTION_LIMITS,
      streamsMax: limits.streamsPerSessionMax,
      headerListBytesMax: limits.headerBytesMax,
      streamWindowBytes: limits.streamWindowBytes,
      connectionWindowBytes: limits.sessionWindowBytes,
      sendQueueBytesMax: limits.sessionMemoryMb * 2 ** 20,
      slowReaderMs: limits.slowReaderMs,
    },
    grpcLimits: { ...GRPC_LIMITS, messageBytesMax: limits.messageBytesMax },
    sendPool: pools.send,
    receivePool: pools.receive,
    listenerLimits: { ...LISTENER_LIMITS, connectionsMax: limits.sessionsMax },
  });
}
