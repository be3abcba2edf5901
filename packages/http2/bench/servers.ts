import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { GrpcServer, Methods, OK, status } from "../src/index.ts";

/** The servers that are compared: each echoes the message of `/bench.Echo/Unary`, and says on which port. */
export const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  "@quorate/http2": ours,
  "node:http2, by hand": nodeHttp2,
  "@grpc/grpc-js": grpcJs,
};

export const PATH = "/bench.Echo/Unary";

async function ours(): Promise<number> {
  const router = new Methods(
    {
      [PATH]: {
        type: "unary",
        open: (call) => ({
          onMessage(message) {
            call.write([message]);
            call.end(OK);
          },
          onHalfClose() {},
          onCancel() {},
          onDrain() {},
        }),
      },
    },
    (path) => status(12, `unknown method ${path}`),
  );
  const server = new GrpcServer({ router });
  return (await server.listen("127.0.0.1", 0)).port;
}

function nodeHttp2(): Promise<number> {
  const server = createServer({ settings: { maxConcurrentStreams: 16_384 } });
  server.on("stream", (stream) => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => stream.end(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function grpcJs(): Promise<number> {
  const same = (bytes: Buffer): Buffer => bytes;
  const server = new grpc.Server();
  server.addService(
    {
      unary: {
        path: PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    {
      unary: (
        call: grpc.ServerUnaryCall<Buffer, Buffer>,
        answer: grpc.sendUnaryData<Buffer>,
      ): void => answer(null, call.request),
    },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}
