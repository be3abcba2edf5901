import type { Bytes } from "@quorate/kernel/core";
import {
  type CallHandler,
  type CallObserver,
  Code,
  type GrpcCall,
  OK,
  ServiceTable,
  status,
} from "../../../src/gateway/grpc/index.ts";

/** What a test may learn of the calls of `echoTable`. */
export interface Seen {
  readonly calls: GrpcCall[];
  readonly events: string[];
  /** Resolves when an event has been noted; asked for before whatever causes it. */
  event(text: string): Promise<void>;
}

/** Handlers small enough to be obviously right: they say back what they are told. */
export function echoTable(): { readonly table: ServiceTable; readonly seen: Seen } {
  const waiting = new Map<string, () => void>();
  const events: string[] = [];
  const calls: GrpcCall[] = [];
  const note = (text: string): void => {
    events.push(text);
    waiting.get(text)?.();
  };
  const event = (text: string): Promise<void> =>
    events.includes(text)
      ? Promise.resolve()
      : new Promise((resolve) => void waiting.set(text, resolve));

  const handler = (
    call: GrpcCall,
    onMessage: (message: Bytes) => void,
    halfCloseEnds: boolean,
  ): CallHandler => {
    calls.push(call);
    return {
      onMessage,
      onHalfClose() {
        note("half-close");
        if (halfCloseEnds) call.end(OK);
      },
      onCancel: () => note("cancel"),
      onDrain: () => note("drain"),
    };
  };
  const table = new ServiceTable([
    {
      service: "test.Echo",
      name: "Unary",
      type: "unary",
      open: (call) =>
        handler(
          call,
          (message) => {
            call.write([message.subarray(0, 1), message.subarray(1)]);
            call.end(OK);
          },
          false,
        ),
    },
    {
      service: "test.Echo",
      name: "Fail",
      type: "unary",
      open: (call) =>
        handler(
          call,
          (message) => call.end(status(message[0] ?? Code.Unknown, "etcdserver: 50% é")),
          false,
        ),
    },
    {
      service: "test.Echo",
      name: "Never",
      type: "unary",
      open: (call) => handler(call, () => note("message"), false),
    },
    {
      service: "test.Echo",
      name: "Chat",
      type: "bidiStream",
      open: (call) => handler(call, (message) => void call.write([message]), true),
    },
    {
      service: "test.Echo",
      name: "Listen",
      type: "bidiStream",
      open: (call) => handler(call, (message) => void call.write([message]), false),
    },
    {
      service: "test.Echo",
      name: "Flood",
      type: "serverStream",
      open: (call) =>
        handler(
          call,
          () => {
            const part = new Uint8Array(65_536);
            while (call.write([part])) note("wrote");
            note("full");
          },
          false,
        ),
    },
  ]);
  return { table, seen: { calls, events, event } };
}

/** Counts what listeners report. */
export class Tally implements CallObserver {
  readonly codes: number[] = [];
  startedCalls = 0;
  receivedBytes = 0;
  sentBytes = 0;

  started(): void {
    this.startedCalls++;
  }

  finished(_: unknown, code: number): void {
    this.codes.push(code);
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  sent(bytes: number): void {
    this.sentBytes += bytes;
  }
}
