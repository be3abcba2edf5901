import type { Bytes } from "@quorate/kernel/core";
import { Code, type Status, status } from "./status.ts";

/**
 * A call as a listener hands it to a service: messages are bytes, and whatever frames, compresses or encrypts
 * them lies beneath. Listeners: HTTP/2 (`Http2Listener`), and JSON over HTTP/1.1 (`json/`), which transcodes.
 */
export interface GrpcCall {
  /** The first value of a request header, by its lower-case name. */
  metadata(name: string): string | undefined;
  /** What the client gave at the call's start, in milliseconds; null for no limit. The listener enforces it. */
  readonly timeoutMs: number | null;
  /**
   * Sends one message, given in parts that are not changed any more. False means that the peer reads more
   * slowly than this: `onDrain` tells when there is room again, and who goes on writing grows `buffered`.
   */
  write(parts: readonly Bytes[]): boolean;
  /** Bytes written and not yet taken by the socket. */
  readonly buffered: number;
  /** Ends the call, after what was written. Neither `write` nor a second `end` may follow. */
  end(status: Status): void;
  /** No `onMessage` and no `onHalfClose` until `resume`: how a service bounds what it has been asked for. */
  pause(): void;
  resume(): void;
}

/** The service's side of one call. After `end` or `onCancel` none of these is called any more. */
export interface CallHandler {
  /** One whole message of the client. Of a method that takes a single message this is called at most once. */
  onMessage(message: Bytes): void;
  /** The client sends nothing more. */
  onHalfClose(): void;
  /** The client is gone or its time is up. The call is over: `end` must not be called. */
  onCancel(): void;
  onDrain(): void;
}

/** For a call that was ended as it opened: nothing more is said to it. */
export const ENDED: CallHandler = {
  onMessage() {},
  onHalfClose() {},
  onCancel() {},
  onDrain() {},
};

type MethodType = "unary" | "serverStream" | "bidiStream";

export interface Method {
  /** Such as `etcdserverpb.KV`. */
  readonly service: string;
  /** Such as `Range`. */
  readonly name: string;
  readonly type: MethodType;
  open(call: GrpcCall): CallHandler;
}

/** What a listener tells whoever counts. */
export interface CallObserver {
  started(method: Method): void;
  finished(method: Method, code: number, elapsedMs: number): void;
  received(bytes: number): void;
  sent(bytes: number): void;
}

/** All methods behind a port, found by their path `/service/name`. */
export class ServiceTable {
  readonly methods: readonly Method[];
  readonly #byPath = new Map<string, Method>();
  readonly #services = new Set<string>();

  constructor(methods: readonly Method[]) {
    this.methods = methods;
    for (const method of methods) {
      this.#byPath.set(`/${method.service}/${method.name}`, method);
      this.#services.add(method.service);
    }
  }

  /** The method, or the status with which grpc-go's servers refuse a path they do not know. */
  find(path: string): Method | Status {
    const method = this.#byPath.get(path);
    if (method !== undefined) return method;
    const slash = path.lastIndexOf("/");
    if (slash <= 0) {
      return status(Code.Unimplemented, `malformed method name: ${JSON.stringify(path)}`);
    }
    const service = path.slice(path.startsWith("/") ? 1 : 0, slash);
    const name = path.slice(slash + 1);
    if (!this.#services.has(service))
      return status(Code.Unimplemented, `unknown service ${service}`);
    return status(Code.Unimplemented, `unknown method ${name} for service ${service}`);
  }
}
