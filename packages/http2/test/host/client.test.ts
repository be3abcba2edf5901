import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { createServer as createTls } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  CallError,
  type ClientMethod,
  Code,
  GrpcClient,
  GrpcServer,
  HeaderField,
  type Method,
} from "../../src/index.ts";
import { echo, type Seen } from "../grpc/echo.ts";
import { Heard } from "../grpc/pair.ts";
import { selfSigned } from "./certificate.ts";

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanUp.splice(0).reverse()) each();
});

async function connectTo(port: number, options = {}): Promise<GrpcClient> {
  const client = await GrpcClient.connect({ host: "127.0.0.1", port, ...options });
  cleanUp.push(() => client.destroy());
  return client;
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const text = (message: Uint8Array): string => Buffer.from(message).toString();

/** The end of a call that a test starts. */
function ended(
  client: GrpcClient,
  method: ClientMethod,
): {
  readonly heard: Heard;
  readonly call: ReturnType<GrpcClient["start"]>;
  readonly end: Promise<void>;
} {
  const heard = new Heard();
  const end = new Promise<void>((resolve) => {
    heard.onEnd = (each) => {
      heard.end = each;
      resolve();
    };
  });
  return { heard, call: client.start(method, heard), end };
}

const same = (message: Buffer): Buffer => message;
const route = (
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

async function grpcJs(credentials = grpc.ServerCredentials.createInsecure()): Promise<number> {
  const server = new grpc.Server();
  server.addService(
    {
      unary: route("/test.Echo/Unary", false, false),
      fail: route("/test.Echo/Fail", false, false),
      never: route("/test.Echo/Never", false, false),
      chat: route("/test.Echo/Chat", true, true),
    },
    {
      unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) {
        const head = new grpc.Metadata();
        head.set("x-head", String(call.metadata.get("x-ask")[0] ?? "none"));
        call.sendMetadata(head);
        answer(null, call.request);
      },
      fail: (_: unknown, answer: grpc.sendUnaryData<Buffer>) =>
        answer({ code: 11, details: "50% é" }),
      never() {},
      chat(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (message: Buffer) => call.write(message));
        call.on("end", () => call.end());
      },
    },
  );
  cleanUp.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

describe("against the server of @grpc/grpc-js", () => {
  it("unary calls of all sizes, and a thousand at once", async () => {
    const client = await connectTo(await grpcJs());
    const unary = client.method("/test.Echo/Unary");
    for (const size of [0, 1, 16_384, 1_000_000]) {
      expect((await client.unary(unary, new Uint8Array(size).fill(9))).length).toBe(size);
    }
    const sent = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
    const got = await Promise.all(sent.map((each) => client.unary(unary, bytes(each))));
    expect(got.map(text)).toEqual(sent);
    expect(client.inFlight).toBe(0);
  });

  it("metadata, failures, deadlines", async () => {
    const client = await connectTo(await grpcJs());
    const { heard, call, end } = ended(
      client,
      client.method("/test.Echo/Unary", [new HeaderField("x-ask", "what")]),
    );
    call.writeLast([bytes("x")]);
    await end;
    expect(heard.head?.get("x-head")).toBe("what");
    const failed = await client
      .unary(client.method("/test.Echo/Fail"), bytes("x"))
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CallError);
    expect(failed).toMatchObject({ code: Code.OutOfRange, message: "50% é", unprocessed: false });
    const late = client.unary(client.method("/test.Echo/Never"), bytes("x"), { timeoutMs: 60 });
    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("streams both ways", async () => {
    const client = await connectTo(await grpcJs());
    const { heard, call, end } = ended(client, client.method("/test.Echo/Chat"));
    for (const each of ["one", "two", "three"]) call.write([bytes(each)]);
    call.halfClose();
    await end;
    expect([heard.code, heard.messages]).toEqual([Code.OK, ["one", "two", "three"]]);
  });

  it("gzip there and back", async () => {
    const client = await connectTo(await grpcJs(), { compression: "gzip" });
    const message = new Uint8Array(100_000).fill(65);
    const answer = await client.unary(client.method("/test.Echo/Unary"), message);
    expect(Buffer.from(answer).equals(message)).toBe(true);
  });

  it("over TLS", async () => {
    const { key, cert } = selfSigned("server");
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
    const port = await grpcJs(grpc.ServerCredentials.createSsl(null, [pair]));
    const client = await connectTo(port, { tls: { ca: cert } });
    expect(text(await client.unary(client.method("/test.Echo/Unary"), bytes("secret")))).toBe(
      "secret",
    );
  });
});

describe("against the server of node:http2", () => {
  async function http2(onStream: (stream: ServerHttp2Stream) => void): Promise<number> {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      onStream(stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanUp.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  const codeOf = async (onStream: (stream: ServerHttp2Stream) => void): Promise<unknown> => {
    const client = await connectTo(await http2(onStream));
    return client.unary(client.method("/a/b"), bytes("x")).then(
      (answer) => text(answer),
      (error: CallError) => error.code,
    );
  };

  it("answers that are not gRPC have the code of their HTTP status", async () => {
    expect(await codeOf((s) => s.respond({ ":status": 404 }, { endStream: true }))).toBe(
      Code.Unimplemented,
    );
    expect(await codeOf((s) => s.respond({ ":status": 503 }))).toBe(Code.Unavailable);
    expect(await codeOf((s) => s.respond({ ":status": 200, "content-type": "text/html" }))).toBe(
      Code.Unknown,
    );
  });

  it("answers without a status, or cut off, are errors", async () => {
    const grpcHead = { ":status": 200, "content-type": "application/grpc" };
    const none = (s: ServerHttp2Stream): void => {
      s.respond(grpcHead);
      s.end();
    };
    expect(await codeOf(none)).toBe(Code.Internal);
    const cut = (s: ServerHttp2Stream): void => {
      s.respond(grpcHead, { waitForTrailers: true });
      s.on("wantTrailers", () => s.sendTrailers({ "grpc-status": "0" }));
      s.end(Buffer.from([0, 0, 0, 0, 9, 1]));
    };
    expect(await codeOf(cut)).toBe(Code.Internal);
  });

  it("resets have the codes of the specification", async () => {
    expect(await codeOf((s) => s.close(7))).toBe(Code.Unavailable);
    expect(await codeOf((s) => s.close(8))).toBe(Code.Canceled);
    expect(await codeOf((s) => s.close(11))).toBe(Code.ResourceExhausted);
  });

  it("a large answer comes through both sides' windows", async () => {
    const size = 1_500_000;
    const client = await connectTo(
      await http2((stream) => {
        stream.respond(
          { ":status": 200, "content-type": "application/grpc" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(size, 1);
        stream.end(Buffer.concat([prefix, Buffer.alloc(size, 1)]));
      }),
    );
    expect((await client.unary(client.method("/a/b"), bytes("x"))).length).toBe(size);
  });

  it("does not call a server that offers no HTTP/2 over TLS", async () => {
    const { key, cert } = selfSigned("server");
    const server = createTls({ key, cert });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanUp.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    await expect(
      GrpcClient.connect({ host: "127.0.0.1", port, tls: { ca: cert } }),
    ).rejects.toThrow("does not offer HTTP/2");
  });
});

describe("against our own server", () => {
  async function ours(): Promise<{
    readonly server: GrpcServer<Method>;
    readonly port: number;
    readonly seen: Seen;
  }> {
    const { router, seen } = echo();
    const server = new GrpcServer({ router });
    cleanUp.push(() => server.destroy());
    const { port } = await server.listen("127.0.0.1", 0);
    return { server, port, seen };
  }

  it("a server that drains lets the client finish, and the client's connection ends", async () => {
    const { server, port, seen } = await ours();
    const client = await connectTo(port);
    const { call, end, heard } = ended(client, client.method("/test.Echo/Never"));
    const arrived = seen.event("message");
    call.writeLast([bytes("x")]);
    await arrived;
    server.drain({ code: Code.Unavailable, message: "stopped" });
    seen.calls[0]?.end({ code: Code.OK, message: "" });
    await end;
    expect(heard.code).toBe(Code.OK);
    expect(await client.closed).toMatchObject({ code: 0 });
    expect(client.isOpen).toBe(false);
    await expect(client.unary(client.method("/test.Echo/Unary"), bytes("x"))).rejects.toMatchObject(
      {
        code: Code.Unavailable,
        unprocessed: true,
      },
    );
  });

  it("a client that drains finishes its calls", async () => {
    const { port } = await ours();
    const client = await connectTo(port);
    const answer = client.unary(client.method("/test.Echo/Unary"), bytes("x"));
    const closed = client.drain();
    expect(text(await answer)).toBe("x");
    expect(await closed).toMatchObject({ code: 0 });
  });

  it("flush by microtask and by immediate both answer", async () => {
    const { port } = await ours();
    for (const flush of ["microtask", "immediate"] as const) {
      const client = await connectTo(port, { flush });
      expect(text(await client.unary(client.method("/test.Echo/Unary"), bytes(flush)))).toBe(flush);
    }
  });
});

describe("a connection", () => {
  it("that cannot be had is an error", async () => {
    const server = createTcp();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    await expect(GrpcClient.connect({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  it("whose server does not answer pings is given up", async () => {
    const silent = createTcp((socket) => void socket.on("error", () => {}).resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    cleanUp.push(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const client = await connectTo(port, {
      keepalive: { intervalMs: 0, timeoutMs: 0, withoutCalls: true },
    });
    const call = client.unary(client.method("/a/b"), bytes("x"));
    await expect(call).rejects.toMatchObject({
      code: Code.Unavailable,
      message: "the server does not answer pings",
    });
    expect(await client.closed).toMatchObject({ by: "Transport" });
  });
});
