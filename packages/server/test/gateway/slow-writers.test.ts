import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { GATEWAY_OPTIONS } from "../../src/gateway/index.ts";
import * as m from "../../src/gateway/messages/index.ts";
import { bytes } from "./etcd-client.ts";
import { metric, type Served, serve } from "./served.ts";

const PUT = [m.PutRequest, m.PutResponse] as const;
const POOL_BYTES = 200_000;

let served: Served;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  served.stop();
});

const held = (): Promise<number> => metric(served, "quorate_client_receive_bytes");

/** A client whose put is so long, and who has sent so much of it. */
function sends(there: number, length: number): Socket {
  const socket = connect(served.port, "127.0.0.1");
  sockets.push(socket);
  const body = `{"key":"${"A".repeat(length - 10)}"}`;
  socket.write(`POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`);
  socket.write(body.slice(0, there));
  return socket;
}

it("receiveBytesMax: bodies over JSON that are not whole are bounded over all connections; who holds the most is refused, others are served", async () => {
  served = await serve({}, { pools: { ...GATEWAY_OPTIONS.pools, receiveBytesMax: POOL_BYTES } });
  const largest = sends(90_000, 100_000);
  while ((await held()) < 90_000);
  const small = sends(1000, 2008);
  const refused = once(largest, "data");
  sends(60_000, 70_000);
  sends(60_000, 70_000);
  expect(String((await refused)[0])).toMatch(
    /^HTTP\/1\.1 429 [\s\S]*etcdserver: too many requests","code":8/,
  );
  expect(await held()).toBeLessThanOrEqual(POOL_BYTES);
  const answered = once(small, "data");
  small.write(`${"A".repeat(2008 - 1000 - 2)}"}`);
  expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
  await served.client().call("KV.Put", PUT, { key: bytes("a"), value: Buffer.alloc(50_000) });
});

it("what is held of a body is given back when its client goes, and when it is whole", async () => {
  served = await serve();
  const [gone, whole] = [sends(50_000, 60_000), sends(50_000, 60_008)];
  while ((await held()) < 100_000);
  gone.destroy();
  whole.write(`${"A".repeat(60_008 - 50_000 - 2)}"}`);
  await once(whole, "data");
  while ((await held()) > 0);
});
