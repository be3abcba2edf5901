import { type Bytes, Malformed } from "@quorate/kernel/core";
import { type CallHandler, Code, type GrpcCall, type Method, OK, status } from "../grpc/index.ts";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  SERVICE_UNKNOWN,
  SERVING,
} from "../messages/index.ts";
import { decode, encode } from "../protobuf/index.ts";
import { unreadable } from "./exchange.ts";

const SERVICE = "grpc.health.v1.Health";

/** `grpc.health.v1.Health`: this server as a whole, named by the empty service, is serving while it answers. */
export const HEALTH: readonly Method[] = [
  { service: SERVICE, name: "Check", type: "unary", open: (call) => new HealthCall(call, "check") },
  {
    service: SERVICE,
    name: "Watch",
    type: "serverStream",
    open: (call) => new HealthCall(call, "watch"),
  },
];

/** A watch sends the state once: it changes only by the server's end, which the connection tells. */
class HealthCall implements CallHandler {
  readonly #call: GrpcCall;
  readonly #mode: "check" | "watch";

  constructor(call: GrpcCall, mode: "check" | "watch") {
    this.#call = call;
    this.#mode = mode;
  }

  onMessage(message: Bytes): void {
    const request = decode(HealthCheckRequest, message);
    if (request instanceof Malformed) {
      this.#call.end(unreadable(request));
      return;
    }
    const known = request.service === "";
    if (this.#mode === "check" && !known) {
      this.#call.end(status(Code.NotFound, "unknown service"));
      return;
    }
    this.#call.write([encode(HealthCheckResponse, { status: known ? SERVING : SERVICE_UNKNOWN })]);
    if (this.#mode === "check") this.#call.end(OK);
  }

  onHalfClose(): void {}
  onCancel(): void {}
  onDrain(): void {}
}
