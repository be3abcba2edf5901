import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GATEWAY_OPTIONS } from "../../../src/gateway/index.ts";
import { type Served, serve } from "../served.ts";

let served: Served;
let socket: Socket;

beforeEach(async () => {
  served = await serve({}, { http1: { ...GATEWAY_OPTIONS.http1, headersTimeoutMs: 60 } });
  socket = connect(served.port, "127.0.0.1");
  socket.on("error", () => {});
});
afterEach(() => {
  socket.destroy();
  served.stop();
});

it("a header that never ends is cut off at its deadline", async () => {
  socket.write("POST /v3/kv/put HTTP/1.1\r\nX: ");
  await once(socket, "close");
});

it("a whole header is answered and its connection kept, until the gateway goes", async () => {
  socket.write("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
  expect(socket.destroyed).toBe(false);
  const closed = once(socket, "close");
  served.gateway.destroy();
  await closed;
});
