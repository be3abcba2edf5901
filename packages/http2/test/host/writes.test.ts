import { once } from "node:events";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import {
  GrpcServer,
  type GrpcServerOptions,
  LISTENER_LIMITS,
  type Method,
  OK,
} from "../../src/index.ts";
import { ClientMethod, ClientSide, Deadlines, Pool } from "../../src/protocol/index.ts";
import { echo, type Seen } from "../grpc/echo.ts";
import { ascii, Heard } from "../grpc/pair.ts";

/** A socket that counts what is written to it at a time, and takes it or does not. */
class CountedSocket extends Duplex {
  readonly writes: Buffer[] = [];
  takes = true;
  #untaken: (() => void) | null = null;

  /** Takes what there is, and what comes. */
  takeAll(): void {
    this.takes = true;
    this.#untaken?.();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.#written(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#written(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  #written(bytes: Buffer, done: () => void): void {
    this.writes.push(bytes);
    if (this.takes) done();
    else this.#untaken = done;
  }
}

let server: GrpcServer<Method>;
afterEach(() => server.destroy());

/** A client whose bytes the test carries to the server's socket. */
function meet(options: Partial<GrpcServerOptions<Method>> = {}): {
  readonly socket: CountedSocket;
  readonly client: ClientSide;
  readonly seen: Seen;
  readonly call: (name: string, message: Uint8Array) => Heard;
  readonly deliver: () => void;
} {
  const { router, seen } = echo();
  server = new GrpcServer({ router, ...options });
  const socket = new CountedSocket();
  socket.on("error", () => {});
  server.accept(socket);
  const host = { onOutput() {}, onClosed() {}, onPong() {} };
  const client = new ClientSide({ deadlines: new Deadlines(), now: () => 0 }, host);
  const call = (name: string, message: Uint8Array): Heard => {
    const heard = new Heard();
    const method = new ClientMethod(`/test.Echo/${name}`, { authority: "x", scheme: "http" });
    client.start(method, heard).writeLast([message]);
    return heard;
  };
  const deliver = (): void => void socket.push(Buffer.concat(client.connection.take()));
  return { socket, client, seen, call, deliver };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("one write for a connection and turn", () => {
  it("for all that a chunk causes", async () => {
    const { socket, client, call, deliver } = meet();
    const calls = Array.from({ length: 50 }, (_, i) => call("Unary", ascii(`message ${i}`)));
    const before = socket.writes.length;
    deliver();
    await turn();
    expect(socket.writes.length - before).toBe(1);
    for (const chunk of socket.writes) client.connection.receive(chunk, 0);
    expect(calls.map(({ messages }) => messages)).toEqual(calls.map((_, i) => [`message ${i}`]));
  });

  for (const flush of ["immediate", "microtask"] as const) {
    it(`for all that a callback answers later (${flush})`, async () => {
      const { socket, seen, call, deliver } = meet({ flush });
      for (let i = 0; i < 50; i++) call("Never", ascii("x"));
      deliver();
      await turn();
      const before = socket.writes.length;
      for (const each of seen.calls) {
        each.write([ascii("later")]);
        each.end(OK);
      }
      expect(socket.writes.length).toBe(before);
      if (flush === "microtask") await Promise.resolve();
      else await turn();
      expect(socket.writes.length).toBe(before + 1);
    });
  }
});

describe("a flush that is the caller's", () => {
  it("is asked for once, and writes all that was answered until it is called", async () => {
    const asked: (() => void)[] = [];
    const { socket, seen, call, deliver } = meet({ flush: (write) => asked.push(write) });
    for (let i = 0; i < 50; i++) call("Never", ascii("x"));
    deliver();
    await turn();
    const before = socket.writes.length;
    for (const each of seen.calls) {
      each.write([ascii("later")]);
      each.end(OK);
    }
    await turn();
    expect(asked.length).toBe(1);
    expect(socket.writes.length).toBe(before);
    asked[0]?.();
    expect(socket.writes.length).toBe(before + 1);
  });
});

describe("a socket that takes nothing", () => {
  it("holds no more than its bound, and bodies wait until it has drained", async () => {
    const { socket, seen, call, deliver } = meet();
    socket.takes = false;
    for (let i = 0; i < 40; i++) call("Flood", ascii("x"));
    deliver();
    await turn();
    expect(seen.events.filter((event) => event === "full").length).toBe(40);
    const held = socket.writableLength;
    expect(held).toBeLessThan(LISTENER_LIMITS.socketBytesHigh + 300_000);
    for (const each of seen.calls) each.write([new Uint8Array(100_000)]);
    await turn();
    expect(socket.writableLength).toBe(held);
  });

  it("is told why it is cut for what it let wait, behind what it had not taken", async () => {
    const { socket, client, seen, call, deliver } = meet({ sendPool: new Pool(2_000_000) });
    socket.takes = false;
    call("Flood", ascii("x"));
    deliver();
    await turn();
    for (const each of seen.calls) each.write([new Uint8Array(3_000_000)]);
    await turn();
    expect(client.connection.phase).toBe("Open");
    const finished = once(socket, "finish");
    socket.takeAll();
    await finished;
    for (const chunk of socket.writes) client.connection.receive(chunk, 0);
    expect(client.connection.phase).toBe("Draining");
  });

  it("is cut after stalledSocketMs", async () => {
    const { socket, seen, call, deliver } = meet({
      listenerLimits: { ...LISTENER_LIMITS, stalledSocketMs: 0, socketBytesHigh: 1000 },
    });
    socket.takes = false;
    call("Flood", ascii("x"));
    deliver();
    await once(socket, "close");
    await seen.event("cancel");
    expect(server.connections).toBe(0);
  });
});
