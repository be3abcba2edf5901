import { connect } from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { type ClientHandler, GrpcClient } from "../src/index.ts";
import { PATH } from "./servers.ts";

/** Keeps `inFlight` calls going until the time is over; resolves with how many were answered. */
export type Load = (port: number, inFlight: number, seconds: number) => Promise<number>;

export const CLIENTS: Readonly<Record<string, Load>> = {
  "@quorate/http2": ours,
  "node:http2, by hand": nodeHttp2,
  "@grpc/grpc-js": grpcJs,
};

const MESSAGE = new Uint8Array(32).fill(7);

async function ours(port: number, inFlight: number, seconds: number): Promise<number> {
  const client = await GrpcClient.connect({ host: "127.0.0.1", port });
  const method = client.method(PATH);
  const until = performance.now() + seconds * 1000;
  const parts = [MESSAGE];
  let done = 0;
  let running = inFlight;
  await new Promise<void>((resolve, reject) => {
    const handler: ClientHandler = {
      onMessage() {},
      onEnd({ status }) {
        if (status.code !== 0) return reject(new Error(status.message));
        done++;
        if (performance.now() < until) client.start(method, handler).writeLast(parts);
        else if (--running === 0) resolve();
      },
    };
    for (let i = 0; i < inFlight; i++) client.start(method, handler).writeLast(parts);
  });
  client.destroy();
  return done;
}

async function nodeHttp2(port: number, inFlight: number, seconds: number): Promise<number> {
  const session = connect(`http://127.0.0.1:${port}`);
  const until = performance.now() + seconds * 1000;
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, MESSAGE.length]), MESSAGE]);
  const head = {
    ":method": "POST",
    ":path": PATH,
    "content-type": "application/grpc",
    te: "trailers",
  };
  let done = 0;
  let running = inFlight;
  await new Promise<void>((resolve) => {
    const call = (): void => {
      const stream = session.request(head);
      stream.on("data", () => {});
      stream.on("close", () => {
        done++;
        if (performance.now() < until) call();
        else if (--running === 0) resolve();
      });
      stream.end(framed);
    };
    for (let i = 0; i < inFlight; i++) call();
  });
  session.destroy();
  return done;
}

async function grpcJs(port: number, inFlight: number, seconds: number): Promise<number> {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const until = performance.now() + seconds * 1000;
  const same = (bytes: Buffer): Buffer => bytes;
  const message = Buffer.from(MESSAGE);
  let done = 0;
  let running = inFlight;
  await new Promise<void>((resolve) => {
    const call = (): void => {
      client.makeUnaryRequest(PATH, same, same, message, () => {
        done++;
        if (performance.now() < until) call();
        else if (--running === 0) resolve();
      });
    };
    for (let i = 0; i < inFlight; i++) call();
  });
  client.close();
  return done;
}
