import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import {
  type CallObserver,
  Deadlines,
  parseTimeout,
  type ServiceTable,
  type Status,
} from "../grpc/index.ts";
import type { Pools } from "../pools.ts";
import type { Endpoints } from "./endpoints.ts";
import { JsonCall, type JsonCallOptions } from "./json-call.ts";
import {
  errorBody,
  httpStatusOf,
  invalidTimeout,
  METHOD_NOT_ALLOWED,
  NOT_FOUND,
} from "./json-error.ts";
import { Routes } from "./routes.ts";

/** Every bound of the listener, by name. */
export interface Http1Limits {
  readonly objectBytesMax: number;
  readonly unaryTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a peer may take no byte of a finished answer before its connection is cut. */
  readonly slowReaderMs: number;
}

export const HTTP1_LIMITS: Http1Limits = {
  objectBytesMax: 4 * 1024 * 1024,
  unaryTimeoutMs: 30_000,
  headerBytesMax: 16_384,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  slowReaderMs: 60_000,
};

/** The JSON gateway and the plain endpoints over HTTP/1.1, on sockets that `accept` hands it. */
export class Http1Listener {
  readonly #routes: Routes;
  readonly #endpoints: Endpoints;
  readonly #callOptions: JsonCallOptions;
  readonly #server: Server;
  readonly #calls = new Set<JsonCall>();
  readonly #limits: Http1Limits;
  /** Connections from which a request's header is awaited, and until when. */
  readonly #awaited = new WeakMap<Duplex, NodeJS.Timeout>();

  constructor(
    table: ServiceTable,
    endpoints: Endpoints,
    observer: CallObserver,
    limits: Http1Limits,
    pools: Pools,
  ) {
    this.#limits = limits;
    this.#routes = new Routes(table);
    this.#endpoints = endpoints;
    this.#callOptions = {
      objectBytesMax: limits.objectBytesMax,
      unaryTimeoutMs: limits.unaryTimeoutMs,
      deadlines: new Deadlines(),
      observer,
      slowReaderMs: limits.slowReaderMs,
      pools,
    };
    this.#server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // The body of a watch may stay open for days; those of other calls have the call's own limit.
      requestTimeout: 0,
    });
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
  }

  /** Takes over a connection; garbage on it is answered with 400. */
  accept(socket: Duplex): void {
    // One listener for the connection's whole life, however many requests come on it.
    socket.once("close", () => clearTimeout(this.#awaited.get(socket)));
    this.#awaitRequest(socket, this.#limits.headersTimeoutMs);
    this.#server.emit("connection", socket);
  }

  /** Node enforces its own header limit only on servers that listen themselves, so this one is kept here. */
  #awaitRequest(socket: Duplex, millis: number): void {
    clearTimeout(this.#awaited.get(socket));
    this.#awaited.set(socket, setTimeout(() => socket.destroy(), millis).unref());
  }

  /** Ends streaming calls with `reason`; the others are short. */
  drain(reason: Status): void {
    for (const call of this.#calls) call.abandon(reason);
    this.#server.closeIdleConnections();
  }

  destroy(): void {
    this.#server.close();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const { keepAliveTimeoutMs, headersTimeoutMs } = this.#limits;
    clearTimeout(this.#awaited.get(socket));
    response.once("close", () => {
      if (!socket.destroyed) this.#awaitRequest(socket, keepAliveTimeoutMs + headersTimeoutMs);
    });
    const url = URL.parse(request.url ?? "/", "http://quorate");
    if (url === null) {
      refuse(request, response, NOT_FOUND);
      return;
    }
    if (this.#endpoints.handle(request, response, url)) {
      request.resume();
      return;
    }
    const route = this.#routes.find(url.pathname);
    if (route === null) {
      refuse(request, response, NOT_FOUND);
      return;
    }
    if (request.method !== "POST") {
      refuse(request, response, METHOD_NOT_ALLOWED);
      return;
    }
    const timeout = request.headers["grpc-timeout"];
    if (typeof timeout === "string" && parseTimeout(timeout) === null) {
      refuse(request, response, invalidTimeout(timeout));
      return;
    }
    const call = new JsonCall(request, response, route, this.#callOptions);
    if (route.method.type !== "unary") {
      this.#calls.add(call);
      response.on("close", () => this.#calls.delete(call));
    }
    call.start();
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, reason: Status): void {
  request.resume();
  response.writeHead(httpStatusOf(reason.code), { "content-type": "application/json" });
  response.end(errorBody(reason));
}
