import {
  type CallHandler,
  Code,
  type GrpcCall,
  type MethodType,
  type CallObserver as ObserverOf,
  type Status,
  status,
} from "@quorate/http2";

/** For a call that was ended as it opened: nothing more is said to it. */
export const ENDED: CallHandler = {
  onMessage() {},
  onHalfClose() {},
  onCancel() {},
  onDrain() {},
};

/**
 * A method as a listener finds it. What it opens sees messages as bytes; listeners are HTTP/2 (`listener.ts`), and JSON over
 * HTTP/1.1 (`json/`), which transcodes and has no client streams.
 */
export interface Method {
  /** Such as `etcdserverpb.KV`. */
  readonly service: string;
  /** Such as `Range`. */
  readonly name: string;
  readonly type: Exclude<MethodType, "clientStream">;
  open(call: GrpcCall): CallHandler;
}

/** What a listener tells whoever counts. */
export type CallObserver = ObserverOf<Method>;

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
