import {
  type Bytes,
  type CallHandler,
  type CallObserver,
  Code,
  HeaderField,
  type Http2GrpcCall,
  type Method,
  Methods,
  type MethodType,
  OK,
  status,
} from "../../src/protocol/index.ts";

/** What a test may learn of the calls of `echo`. */
export class Seen {
  readonly calls: Http2GrpcCall[] = [];
  readonly events: string[] = [];
  readonly #waiting = new Map<string, () => void>();

  note(text: string): void {
    this.events.push(text);
    this.#waiting.get(text)?.();
  }

  /** Resolves when an event has been noted. */
  event(text: string): Promise<void> {
    if (this.events.includes(text)) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.set(text, resolve));
  }
}

type Behaviour = (call: Http2GrpcCall, message: Bytes, seen: Seen) => void;

function method(
  seen: Seen,
  type: MethodType,
  onMessage: Behaviour,
  atHalfClose: (call: Http2GrpcCall) => void,
): Method {
  return {
    type,
    open(call): CallHandler {
      seen.calls.push(call);
      return {
        onMessage: (message) => onMessage(call, message, seen),
        onHalfClose() {
          seen.note("half-close");
          atHalfClose(call);
        },
        onCancel: () => seen.note("cancel"),
        onDrain: () => seen.note("drain"),
      };
    },
  };
}

const nothing = (): void => {};
const ok = (call: Http2GrpcCall): void => call.end(OK);

/** Methods small enough to be obviously right: they say back what they are told. */
export function echo(): { readonly router: Methods<Method>; readonly seen: Seen } {
  const seen = new Seen();
  let total = 0;
  const methods: Record<string, Method> = {
    "/test.Echo/Unary": method(
      seen,
      "unary",
      (call, message) => {
        call.write([message.subarray(0, 1), message.subarray(1)]);
        call.end(OK);
      },
      nothing,
    ),
    "/test.Echo/Fail": method(
      seen,
      "unary",
      (call, message) => {
        call.write([message]);
        call.end(status(message[0] ?? Code.Unknown, "etcdserver: 50% é"));
      },
      nothing,
    ),
    "/test.Echo/Metadata": method(
      seen,
      "unary",
      (call) => {
        call.sendMetadata([new HeaderField("x-head", call.metadata("x-ask") ?? "none")]);
        call.addTrailers([new HeaderField("x-trailer", "last")]);
        call.write([]);
        call.end(OK);
      },
      nothing,
    ),
    "/test.Echo/Never": method(seen, "unary", () => seen.note("message"), nothing),
    "/test.Echo/Chat": method(
      seen,
      "bidiStream",
      (call, message) => void call.write([message]),
      ok,
    ),
    "/test.Echo/Listen": method(
      seen,
      "bidiStream",
      (call, message) => void call.write([message]),
      nothing,
    ),
    "/test.Echo/Sum": method(
      seen,
      "clientStream",
      (_, message) => {
        total += message.length;
      },
      (call) => {
        call.write([Uint8Array.from(Buffer.from(String(total)))]);
        call.end(OK);
      },
    ),
    "/test.Echo/Count": method(
      seen,
      "serverStream",
      (call, message) => {
        for (let i = 0; i < (message[0] ?? 0); i++) call.write([Uint8Array.of(i)]);
        call.end(OK);
      },
      nothing,
    ),
    "/test.Echo/Flood": method(
      seen,
      "serverStream",
      (call) => {
        const part = new Uint8Array(65_536);
        while (call.write([part])) seen.note("wrote");
        seen.note("full");
      },
      nothing,
    ),
  };
  const router = new Methods(methods, (path) =>
    status(Code.Unimplemented, `unknown method ${path}`),
  );
  return { router, seen };
}

/** Counts what servers report. */
export class Tally implements CallObserver<Method> {
  readonly codes: number[] = [];
  startedCalls = 0;
  receivedBytes = 0;
  sentBytes = 0;

  started(): void {
    this.startedCalls++;
  }

  finished(_: Method, code: number): void {
    this.codes.push(code);
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  sent(bytes: number): void {
    this.sentBytes += bytes;
  }
}
