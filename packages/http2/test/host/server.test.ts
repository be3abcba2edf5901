import { once } from "node:events";
import {
  createServer as createHttp1,
  get,
  type Server as Http1Server,
  type IncomingMessage,
  request,
} from "node:http";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { get as getSecure } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  CONNECTION_LIMITS,
  Code,
  GrpcServer,
  type GrpcServerOptions,
  LISTENER_LIMITS,
  type Method,
  status,
} from "../../src/index.ts";
import { echo, type Seen, Tally } from "../grpc/echo.ts";
import { selfSigned } from "./certificate.ts";

let server: GrpcServer<Method>;
let seen: Seen;
let tally: Tally;
let port: number;
let http1: Http1Server;

async function start(options: Partial<GrpcServerOptions<Method>> = {}): Promise<void> {
  const made = echo();
  seen = made.seen;
  tally = new Tally();
  http1 = createHttp1((_, answer) => answer.end("over HTTP/1.1"));
  server = new GrpcServer({
    router: made.router,
    observer: tally,
    http1: (socket) => http1.emit("connection", socket),
    ...options,
  });
  port = (await server.listen("127.0.0.1", 0)).port;
}

afterEach(() => server.destroy());

const STOPPED = status(Code.Unavailable, "etcdserver: server stopped");
const same = (bytes: Buffer): Buffer => bytes;
const path = (name: string): string => `/test.Echo/${name}`;

describe("against the client of @grpc/grpc-js", () => {
  let client: grpc.Client;

  beforeEach(async () => {
    await start();
    client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });
  afterEach(() => client.close());

  const unary = (name: string, message: Buffer, options: grpc.CallOptions = {}): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path(name), same, same, message, options, (error, reply) =>
        error === null ? resolve(reply ?? Buffer.alloc(0)) : reject(error),
      );
    });

  const statusOf = (call: grpc.ClientDuplexStream<Buffer, Buffer>): Promise<grpc.StatusObject> =>
    new Promise((resolve) => void call.on("status", resolve));

  it("answers unary calls, small, empty and larger than any window", async () => {
    for (const size of [1, 0, 5, 16_384, 99_999, 1_900_000]) {
      const message = Buffer.alloc(size, 7);
      expect((await unary("Unary", message)).equals(message)).toBe(true);
    }
    expect(tally.codes).toEqual([0, 0, 0, 0, 0, 0]);
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
    await expect(unary("Missing", Buffer.alloc(0))).rejects.toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
    });
  });

  it("carries metadata both ways", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("x-ask", "what");
    const call = client.makeUnaryRequest(
      path("Metadata"),
      same,
      same,
      Buffer.alloc(1),
      metadata,
      () => {},
    );
    const [[head], [ended]] = (await Promise.all([
      once(call, "metadata"),
      once(call, "status"),
    ])) as [[grpc.Metadata], [grpc.StatusObject]];
    expect(head.get("x-head")).toEqual(["what"]);
    expect(ended.metadata.get("x-trailer")).toEqual(["last"]);
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
    expect((await statusOf(call)).code).toBe(grpc.status.OK);
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

  it("tells a writer that its reader is slow, and when there is room again", async () => {
    const full = seen.event("full");
    const call = client.makeServerStreamRequest(path("Flood"), same, same, Buffer.alloc(1));
    call.on("error", () => {});
    call.pause();
    await full;
    expect(seen.calls[0]?.buffered).toBeGreaterThan(0);
    const drained = seen.event("drain");
    call.on("data", () => {});
    call.resume();
    await drained;
    call.cancel();
  });

  it("speaks gzip with a client that does", async () => {
    const options = { "grpc.default_compression_algorithm": 2 };
    const gzip = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
    const message = Buffer.alloc(100_000, "compressible ");
    const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
      gzip.makeUnaryRequest(path("Unary"), same, same, message, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
    gzip.close();
    expect(reply?.equals(message)).toBe(true);
    expect(tally.receivedBytes).toBeLessThan(5000);
    expect(tally.sentBytes).toBeLessThan(5000);
  });

  it("drains: streams end with the reason, unary calls are answered, then the connection closes", async () => {
    const chat = client.makeBidiStreamRequest(path("Chat"), same, same);
    chat.on("error", () => {});
    chat.write(Buffer.from("hello"));
    await once(chat, "data");
    const message = seen.event("message");
    const slow = unary("Never", Buffer.from("x"));
    await message;
    const ended = statusOf(chat);
    server.drain(STOPPED);
    expect(await ended).toMatchObject({ code: grpc.status.UNAVAILABLE, details: STOPPED.message });
    seen.calls[1]?.write([Buffer.from("answer")]);
    seen.calls[1]?.end(status(Code.OK, ""));
    expect(String(await slow)).toBe("answer");
  });
});

describe("against the client of node:http2", () => {
  let session: ClientHttp2Session;

  beforeEach(async () => {
    await start();
    session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
  });
  afterEach(() => session.destroy());

  interface Answer {
    readonly headers: IncomingHttpHeaders;
    readonly trailers: IncomingHttpHeaders;
    readonly body: Buffer;
  }

  async function call(headers: Record<string, string>, body: Buffer | null): Promise<Answer> {
    const stream = session.request(
      { ":method": "POST", "content-type": "application/grpc", ...headers },
      { endStream: false },
    );
    let [head, trailers]: IncomingHttpHeaders[] = [{}, {}];
    stream.on("response", (fields) => {
      head = fields;
    });
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    if (body !== null) stream.end(body);
    await once(stream, "close");
    return {
      headers: head as IncomingHttpHeaders,
      trailers: trailers as IncomingHttpHeaders,
      body: Buffer.concat(parts),
    };
  }

  const framed = (text: string): Buffer =>
    Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);

  it("an answer has gRPC's fields and nothing else", async () => {
    const { headers, trailers, body } = await call({ ":path": path("Unary") }, framed("hello"));
    expect(Object.fromEntries(Object.entries(headers))).toEqual({
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-accept-encoding": "identity,gzip",
    });
    expect(Object.fromEntries(Object.entries(trailers))).toEqual({ "grpc-status": "0" });
    expect(body.equals(framed("hello"))).toBe(true);
  });

  it("what is no gRPC is refused with an HTTP status, before its body has ended", async () => {
    const cases: readonly (readonly [Record<string, string>, number, string])[] = [
      [{ ":path": "/", ":method": "GET" }, 405, "13"],
      [{ ":path": path("Unary"), "content-type": "text/plain" }, 415, "3"],
      [{ ":path": path("Unary"), "grpc-timeout": "soon" }, 400, "13"],
      [{ ":path": "/unknown" }, 200, "12"],
    ];
    for (const [headers, http, code] of cases) {
      const answer = await call(headers, Buffer.alloc(0));
      expect(answer.headers[":status"]).toBe(http);
      expect(answer.headers["grpc-status"]).toBe(code);
      const isGrpc = http === 200 || http === 400;
      expect(answer.headers["content-type"]?.startsWith("application/grpc")).toBe(isGrpc);
      expect(answer.body.length > 0).toBe(!isGrpc);
    }
  });

  it("a body that ends inside a message is an error, of whatever kind the call", async () => {
    for (const name of ["Unary", "Chat"]) {
      const { headers } = await call({ ":path": path(name) }, framed("hello").subarray(0, 7));
      expect([headers["grpc-status"], headers["grpc-message"]]).toEqual(["13", "unexpected EOF"]);
    }
  });

  it("a refused compression names those that are understood", async () => {
    const { headers } = await call(
      { ":path": path("Unary"), "grpc-encoding": "snappy" },
      Buffer.from([1, 0, 0, 0, 0]),
    );
    expect(headers["grpc-status"]).toBe("12");
    expect(headers["grpc-accept-encoding"]).toBe("identity,gzip");
  });

  it("pings are answered, and too many end the connection with too_many_pings", async () => {
    await once(session, "remoteSettings");
    const ping = (): Promise<Error | null> =>
      new Promise((resolve) => void session.ping((error) => resolve(error)));
    expect(await ping()).toBeNull();
    const gone = once(session, "goaway") as Promise<[number, number, Buffer]>;
    for (let i = 0; i < 5 && !session.destroyed; i++) await ping();
    const [code, , reason] = await gone;
    expect([code, String(reason)]).toEqual([11, "too_many_pings"]);
  });

  it("takes as many bytes of headers as it says, and resets a request with more", async () => {
    const fields = (n: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`x-${i}`, "y".repeat(1000)]));
    const { trailers } = await call({ ":path": path("Unary"), ...fields(14) }, framed("x"));
    expect(trailers["grpc-status"]).toBe("0");
    const stream = session.request({ ":method": "POST", ":path": path("Unary"), ...fields(17) });
    stream.on("error", () => {});
    await once(stream.resume(), "close").catch(() => {});
    expect(stream.rstCode).toBe(11);
  });

  it("takes headers in several frames", async () => {
    server.destroy();
    session.destroy();
    const limits = {
      ...CONNECTION_LIMITS,
      headerListBytesMax: 200_000,
      headerBlockBytesMax: 200_000,
    };
    await start({ limits });
    session = connect(`http://127.0.0.1:${port}`);
    const large = { "x-large": "~{}|".repeat(15_000) };
    const { trailers } = await call({ ":path": path("Unary"), ...large }, framed("x"));
    expect(trailers["grpc-status"]).toBe("0");
    expect(seen.calls[0]?.metadata("x-large")).toBe(large["x-large"]);
  });

  it("a client with tiny windows gets all of an answer", async () => {
    const small = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 1000 } });
    session.destroy();
    session = small;
    const { body } = await call(
      { ":path": path("Unary") },
      Buffer.concat([Buffer.from([0, 0, 1, 0, 0]), Buffer.alloc(65_536, 3)]),
    );
    expect(body.length).toBe(65_541);
  });
});

describe("HTTP/1.1 on the same port", () => {
  beforeEach(() => start());

  const body = async (answer: AsyncIterable<Buffer>): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part);
    return Buffer.concat(parts).toString();
  };

  it("goes to the HTTP/1.1 server with every byte it has sent", async () => {
    const [answer] = await once(get({ host: "127.0.0.1", port, path: "/health" }), "response");
    expect(await body(answer)).toBe("over HTTP/1.1");
    const posted = request({ host: "127.0.0.1", port, method: "PUT" });
    posted.end("a body");
    const [second] = await once(posted, "response");
    expect(await body(second)).toBe("over HTTP/1.1");
  });

  it("is told apart however its first bytes come, even those that PRI begins with", async () => {
    const socket = connectTcp(port, "127.0.0.1");
    for (const part of ["P", "R", "OPFIND / HTTP/1.1\r\nhost: x\r\n\r\n"]) {
      await new Promise<void>((resolve) => socket.write(part, () => setImmediate(resolve)));
    }
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 200/);
    socket.destroy();
  });
});

describe("connections", () => {
  const closed = (socket: Socket): Promise<unknown> =>
    once(socket.on("error", () => {}).resume(), "close");

  it("that say nothing in time are cut", async () => {
    await start({ listenerLimits: { ...LISTENER_LIMITS, prefaceTimeoutMs: 50 } });
    await closed(connectTcp(port, "127.0.0.1"));
  });

  it("beyond connectionsMax are closed", async () => {
    await start({ listenerLimits: { ...LISTENER_LIMITS, connectionsMax: 1 } });
    const first = connect(`http://127.0.0.1:${port}`);
    await once(first, "remoteSettings");
    await closed(connectTcp(port, "127.0.0.1"));
    expect(server.connections).toBe(1);
    first.destroy();
  });

  it("that break the protocol hear why, and are closed", async () => {
    await start();
    const socket = connectTcp(port, "127.0.0.1");
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0]));
    const parts: Buffer[] = [];
    socket.on("data", (part) => parts.push(part));
    await once(socket, "close");
    expect(Buffer.concat(parts).toString("latin1")).toContain("the first frame is not SETTINGS");
  });

  it("that are gone cancel their calls", async () => {
    await start();
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    const stream = session.request({
      ":method": "POST",
      ":path": path("Listen"),
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    stream.write(Buffer.from([0, 0, 0, 0, 0]));
    await once(stream, "data");
    const cancelled = seen.event("cancel");
    session.destroy();
    await cancelled;
  });
});

describe("over TLS", () => {
  const [first, second] = [selfSigned("first"), selfSigned("second")];

  beforeEach(() => start({ tls: first }));

  it("answers the client of @grpc/grpc-js", async () => {
    const credentials = grpc.credentials.createSsl(Buffer.from(first.cert));
    const client = new grpc.Client(`localhost:${port}`, credentials);
    for (const message of [Buffer.from("secret"), Buffer.alloc(1_000_000, 5)]) {
      const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
        client.makeUnaryRequest(path("Unary"), same, same, message, (error, answer) =>
          error === null ? resolve(answer) : reject(error),
        );
      });
      expect(reply?.equals(message)).toBe(true);
    }
    client.close();
  });

  it("ALPN picks the protocol, and without it the preface does", async () => {
    const h2 = connectTls({
      port,
      host: "127.0.0.1",
      ca: first.cert,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    await once(h2, "secureConnect");
    expect(h2.alpnProtocol).toBe("h2");
    h2.destroy();
    const options: ConnectionOptions = { ca: first.cert, ALPNProtocols: ["http/1.1"] };
    const asked = getSecure({ host: "127.0.0.1", port, ...options });
    const [secure] = (await once(asked, "response")) as [IncomingMessage];
    expect(secure.statusCode).toBe(200);
    secure.destroy();
    const silent = connectTls({ port, host: "127.0.0.1", ca: first.cert });
    silent.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    const [answer] = (await once(silent, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 200/);
    silent.destroy();
  });

  it("RFC 9113 §9.2: nothing older than TLS 1.2 is spoken", async () => {
    const options = {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    } as const;
    const old = connectTls({ port, host: "127.0.0.1", ca: first.cert, ...options });
    const [error] = (await once(old, "error")) as [Error];
    expect(error.message).toMatch(/version/);
  });

  it("new certificates hold for connections that come, and the others stay", async () => {
    const subject = async (ca: string): Promise<string | string[] | undefined> => {
      const socket = connectTls({ port, host: "127.0.0.1", ca, ALPNProtocols: ["h2"] });
      await once(socket, "secureConnect");
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    const old = connect(`https://127.0.0.1:${port}`, { ca: first.cert });
    await once(old, "remoteSettings");
    expect(await subject(first.cert)).toBe("first");
    server.setSecureContext(second);
    expect(await subject(second.cert)).toBe("second");
    expect(() => server.setSecureContext({ key: "no", cert: "no" })).toThrow();
    expect(await subject(second.cert)).toBe("second");
    const ping = new Promise((resolve) => void old.ping((error) => resolve(error)));
    expect(await ping).toBeNull();
    old.destroy();
  });
});
