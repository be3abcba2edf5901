import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { createServer, type Server } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Code,
  type GrpcListener,
  HTTP2_LIMITS,
  listenerOf,
  prefixOf,
  status,
} from "../../../src/gateway/grpc/index.ts";
import { POOL_LIMITS, poolsOf } from "../../../src/gateway/pools.ts";
import { echoTable, type Seen, Tally } from "./echo.ts";

let server: Server;
let listener: GrpcListener;
let tally: Tally;
let seen: Seen;
let address: string;

describe.each(["quorate", "node"] as const)("HTTP/2 by %s", (by) => {
  beforeEach(async () => {
    const echo = echoTable();
    seen = echo.seen;
    tally = new Tally();
    const limits = { ...HTTP2_LIMITS, messageBytesMax: 100_000 };
    listener = listenerOf(by, echo.table, tally, limits, poolsOf(POOL_LIMITS), "microtask");
    server = createServer((socket) => listener.accept(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const at = server.address();
    address = typeof at === "object" && at !== null ? `127.0.0.1:${at.port}` : "";
  });

  afterEach(() => {
    listener.destroy();
    server.close();
  });

  describe("against the client of @grpc/grpc-js", () => {
    let client: grpc.Client;
    const same = (bytes: Buffer): Buffer => bytes;
    const path = (name: string): string => `/test.Echo/${name}`;

    beforeEach(() => {
      client = new grpc.Client(address, grpc.credentials.createInsecure());
    });
    afterEach(() => client.close());

    const unary = (
      name: string,
      message: Buffer,
      options: grpc.CallOptions = {},
    ): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path(name), same, same, message, options, (error, reply) =>
          error === null ? resolve(reply ?? Buffer.alloc(0)) : reject(error),
        );
      });

    const statusOf = (call: grpc.ClientDuplexStream<Buffer, Buffer>): Promise<grpc.StatusObject> =>
      new Promise((resolve) => void call.on("status", resolve));

    it("answers unary calls, small, empty and larger than a frame", async () => {
      for (const size of [1, 0, 5, 16_384, 99_999]) {
        const message = Buffer.alloc(size, 7);
        expect((await unary("Unary", message)).equals(message)).toBe(true);
      }
      expect(tally.codes).toEqual([0, 0, 0, 0, 0]);
      expect(tally.startedCalls).toBe(5);
    });

    it("answers a thousand calls at once, each with its own message", async () => {
      const sent = Array.from({ length: 1000 }, (_, i) => Buffer.from(`message ${i}`));
      const replies = await Promise.all(sent.map((message) => unary("Unary", message)));
      expect(replies.map(String)).toEqual(sent.map(String));
    });

    it("carries code and text of a failure, in any script", async () => {
      await expect(unary("Fail", Buffer.from([Code.OutOfRange]))).rejects.toMatchObject({
        code: grpc.status.OUT_OF_RANGE,
        details: "etcdserver: 50% é",
      });
    });

    it("says of an unknown method and of an unknown service what grpc-go says", async () => {
      await expect(unary("Missing", Buffer.alloc(0))).rejects.toMatchObject({
        code: grpc.status.UNIMPLEMENTED,
        details: "unknown method Missing for service test.Echo",
      });
      const call = new Promise((resolve, reject) => {
        client.makeUnaryRequest("/test.Nothing/At", same, same, Buffer.alloc(0), (error, reply) =>
          error === null ? resolve(reply) : reject(error),
        );
      });
      await expect(call).rejects.toMatchObject({
        code: grpc.status.UNIMPLEMENTED,
        details: "unknown service test.Nothing",
      });
    });

    it("ends a call at the client's deadline and tells its handler", async () => {
      const cancelled = seen.event("cancel");
      await expect(
        unary("Never", Buffer.alloc(1), { deadline: Date.now() + 100 }),
      ).rejects.toMatchObject({
        code: grpc.status.DEADLINE_EXCEEDED,
      });
      await cancelled;
      expect(seen.calls[0]?.timeoutMs).toBeLessThanOrEqual(100);
    });

    it("echoes a stream message by message and ends with it", async () => {
      const call = client.makeBidiStreamRequest(path("Chat"), same, same);
      const replies: string[] = [];
      call.on("data", (reply: Buffer) => replies.push(String(reply)));
      for (const text of ["one", "two", "three"]) call.write(Buffer.from(text));
      call.end();
      const ended = await statusOf(call);
      expect(ended.code).toBe(grpc.status.OK);
      expect(replies).toEqual(["one", "two", "three"]);
    });

    it("tells the handler when the client cancels", async () => {
      const call = client.makeBidiStreamRequest(path("Listen"), same, same);
      call.on("error", () => {});
      call.write(Buffer.from("hello"));
      await once(call, "data");
      const cancelled = seen.event("cancel");
      call.cancel();
      await cancelled;
      expect(tally.codes).toEqual([Code.Canceled]);
    });

    it("tells the writer that a reader is slow, holds what it wrote, and tells when there is room", async () => {
      const full = seen.event("full");
      const call = client.makeServerStreamRequest(path("Flood"), same, same, Buffer.alloc(1));
      call.on("error", () => {});
      call.pause();
      await full;
      expect(seen.calls[0]?.buffered).toBeGreaterThan(0);
      const drained = seen.event("drain");
      call.resume();
      call.on("data", () => {});
      await drained;
      expect(seen.calls[0]?.buffered).toBe(0);
      call.cancel();
    });

    it("drains: streams end with the reason, unary calls are answered, then the connection closes", async () => {
      const chat = client.makeBidiStreamRequest(path("Chat"), same, same);
      chat.on("error", () => {});
      chat.write(Buffer.from("hello"));
      await once(chat, "data");
      const asked = seen.event("message");
      const never = unary("Never", Buffer.alloc(1));
      await asked;
      const chatEnded = statusOf(chat);
      listener.drain(status(Code.Unavailable, "etcdserver: server stopped"));
      const ended = await chatEnded;
      expect(ended).toMatchObject({
        code: grpc.status.UNAVAILABLE,
        details: "etcdserver: server stopped",
      });
      const pending = seen.calls[1];
      pending?.write([Buffer.from("late, not lost")]);
      pending?.end(status(Code.OK, ""));
      expect(String(await never)).toBe("late, not lost");
    });
  });

  describe("against frames of one's own making", () => {
    let session: ClientHttp2Session;

    beforeEach(() => {
      session = connect(`http://${address}`);
      session.on("error", () => {});
    });
    afterEach(() => session.destroy());

    const headers = (more: Record<string, string> = {}): Record<string, string> => ({
      ":method": "POST",
      ":path": "/test.Echo/Unary",
      "content-type": "application/grpc",
      te: "trailers",
      ...more,
    });

    /** Headers and trailers of the answer, joined, and its body. */
    async function answer(
      stream: ClientHttp2Stream,
    ): Promise<{ head: IncomingHttpHeaders; body: Buffer }> {
      const chunks: Buffer[] = [];
      let head: IncomingHttpHeaders = {};
      stream.on("response", (got) => {
        head = { ...head, ...got };
      });
      stream.on("trailers", (got) => {
        head = { ...head, ...got };
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      await once(stream, "end");
      return { head, body: Buffer.concat(chunks) };
    }

    function framed(message: Uint8Array): Buffer {
      return Buffer.concat([prefixOf([message]), message]);
    }

    it("reads a message byte by byte", async () => {
      const stream = session.request(headers());
      for (const byte of framed(Buffer.from("slow"))) stream.write(Buffer.from([byte]));
      stream.end();
      const { head, body } = await answer(stream);
      expect(head).toMatchObject({
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": "0",
      });
      expect(body.subarray(5).toString()).toBe("slow");
    });

    it("refuses a message beyond the bound by its announced length", async () => {
      const stream = session.request(headers());
      stream.write(Buffer.from("00000f4240", "hex"));
      const { head } = await answer(stream);
      expect(head).toMatchObject({
        "grpc-status": "8",
        "grpc-message": "grpc: received message larger than max (1000000 vs. 100000)",
      });
      expect(seen.events).toContain("cancel");
    });

    it.each([
      [
        { "grpc-encoding": "snappy" },
        "12",
        'grpc: Decompressor is not installed for grpc-encoding "snappy"',
      ],
      [{}, "13", "grpc: compressed flag set with identity or empty encoding"],
    ])("refuses a compressed message with %j", async (more, code, text) => {
      const stream = session.request(headers(more));
      stream.end(Buffer.from("0100000000", "hex"));
      const { head } = await answer(stream);
      expect(head).toMatchObject({
        "grpc-status": code,
        "grpc-message": text,
      });
    });

    it.each([
      [
        { "content-type": "application/json" },
        415,
        "3",
        'invalid gRPC request content-type "application/json"',
      ],
      [
        { ":method": "GET" },
        405,
        "13",
        'Received a HEADERS frame with :method "GET" which should be POST',
      ],
      [{ "grpc-timeout": "soon" }, 400, "13", 'malformed grpc-timeout: "soon"'],
      [{ ":path": "/nonsense" }, 200, "12", 'malformed method name: "/nonsense"'],
    ])("refuses %j with HTTP status %d", async (more, httpStatus, code, text) => {
      const stream = session.request(headers(more));
      stream.end();
      const { head } = await answer(stream);
      expect(head).toMatchObject({
        ":status": httpStatus,
        "grpc-status": code,
        "grpc-message": text,
      });
    });

    it.each([
      ["no message", Buffer.alloc(0), "13"],
      ["half a message", framed(Buffer.from("half")).subarray(0, 7), "13"],
      [
        "bytes after a whole message's answer",
        Buffer.concat([framed(Buffer.from("a")), framed(Buffer.from("b"))]),
        "0",
      ],
    ])("ends a unary call with %s", async (_, bytes, code) => {
      const stream = session.request(headers());
      stream.end(bytes);
      expect((await answer(stream)).head["grpc-status"]).toBe(code);
    });

    it("ends a call whose client does not half-close", async () => {
      const stream = session.request(headers());
      stream.write(framed(Buffer.from("open")));
      expect((await answer(stream)).head["grpc-status"]).toBe("0");
    });

    it("delivers nothing while a handler pauses, and all of it in order afterwards", async () => {
      const stream = session.request(headers({ ":path": "/test.Echo/Chat" }));
      stream.write(framed(Buffer.from("first")));
      const [first] = (await once(stream, "data")) as [Buffer];
      expect(first.subarray(5).toString()).toBe("first");
      const call = seen.calls[0];
      call?.pause();
      stream.end(Buffer.concat(["a", "b", "c"].map((text) => framed(Buffer.from(text)))));
      // An answer on another stream of the connection comes after these bytes have.
      const other = session.request(headers());
      other.end(framed(Buffer.from("x")));
      await answer(other);
      expect(seen.events).not.toContain("half-close");
      call?.resume();
      const { head, body } = await answer(stream);
      expect(body.toString("latin1").replace(/[^a-z]/g, "")).toBe("abc");
      expect(head["grpc-status"]).toBe("0");
    });

    it("cancels every call of a connection that is cut", async () => {
      const asked = seen.event("message");
      session.request(headers({ ":path": "/test.Echo/Never" })).write(framed(Buffer.from("x")));
      await asked;
      const cancelled = seen.event("cancel");
      session.destroy();
      await cancelled;
      expect(tally.codes).toEqual([Code.Canceled]);
    });
  });
});
