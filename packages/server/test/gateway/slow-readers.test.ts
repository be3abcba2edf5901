import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { GATEWAY_OPTIONS } from "../../src/gateway/index.ts";
import * as m from "../../src/gateway/messages/index.ts";
import { bytes } from "./etcd-client.ts";
import { metric, type Served, serve } from "./served.ts";

const PUT = [m.PutRequest, m.PutResponse] as const;
const RANGE = [m.RangeRequest, m.RangeResponse] as const;
const MIB = 2 ** 20;
const VALUES = 8;

let served: Served;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  served.stop();
});

/** A store whose keys under "big" make an answer of 8 MiB. */
async function filled(more: Parameters<typeof serve>[1]): Promise<void> {
  served = await serve({}, more);
  const client = served.client();
  for (let i = 0; i < VALUES; i++)
    await client.call("KV.Put", PUT, { key: bytes(`big/${i}`), value: Buffer.alloc(MIB) });
}

/** A client that asks for all of it over JSON, and reads nothing. */
function asksAndSleeps(): Socket {
  const socket = connect(served.port, "127.0.0.1");
  sockets.push(socket);
  const body = JSON.stringify({ key: btoa("big/"), range_end: btoa("big0") });
  socket.on("error", () => {});
  socket.pause();
  socket.write(
    `POST /v3/kv/range HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

const held = (): Promise<number> => metric(served, "quorate_client_send_bytes");
const answered = (): Promise<number> =>
  metric(
    served,
    'grpc_server_handled_total{grpc_code="OK",grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"}',
  );

it("sendBytesMax: answers over JSON that nobody reads are bounded over all connections, and others are served", async () => {
  await filled({ pools: { ...GATEWAY_OPTIONS.pools, sendBytesMax: 20 * MIB } });
  for (let i = 1; i <= 6; i++) {
    asksAndSleeps();
    while ((await answered()) < i);
    expect(await held()).toBeGreaterThan(0);
    expect(await held()).toBeLessThanOrEqual(20 * MIB);
  }
  const client = served.client();
  const answer = await client.call("KV.Range", RANGE, { key: bytes("big/1") });
  expect(answer.kvs[0]?.value.length).toBe(MIB);
});

it("slowReaderMs: a client that takes nothing of its answer over JSON is cut, and what it held is let go", async () => {
  await filled({ http1: { ...GATEWAY_OPTIONS.http1, slowReaderMs: 500 } });
  const socket = asksAndSleeps();
  const cut = once(socket, "close");
  while ((await answered()) < 1);
  while ((await held()) > 0);
  socket.resume();
  await cut;
  expect(socket.bytesRead).toBeLessThan(VALUES * MIB);
});
