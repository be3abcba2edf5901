import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { GATEWAY_OPTIONS } from "../../src/gateway/index.ts";
import * as m from "../../src/gateway/messages/index.ts";
import type { MessageOf } from "../../src/gateway/protobuf/index.ts";
import { bytes } from "./etcd-client.ts";
import { metric, type Served, serve } from "./served.ts";

const PUT = [m.PutRequest, m.PutResponse] as const;
const RANGE = [m.RangeRequest, m.RangeResponse] as const;
const WATCH = [m.WatchRequest, m.WatchResponse] as const;
const TOO_MANY = { code: 8, details: "etcdserver: too many requests" };

type Create = MessageOf<typeof m.WatchCreateRequest>;

let served: Served;
afterEach(() => served.stop());

it("rangeBytesInFlightMax: answers gathered at a time are bounded, and what was gathered is given back", async () => {
  served = await serve({ rangeBytesInFlightMax: 100_000 });
  const client = served.client();
  for (const key of ["a", "b", "c"])
    await client.call("KV.Put", PUT, { key: bytes(key), value: Buffer.alloc(40_000) });
  const all = { key: bytes("a"), range_end: bytes("z") };
  for (let i = 0; i < 10; i++) {
    await expect(client.call("KV.Range", RANGE, all)).rejects.toMatchObject(TOO_MANY);
    expect((await client.call("KV.Range", RANGE, { ...all, limit: 2n })).kvs.length).toBe(2);
  }
});

it("requestBytesMax: a larger request is refused before it is proposed", async () => {
  served = await serve({ requestBytesMax: 1000 });
  const client = served.client();
  const value = Buffer.alloc(1000);
  await expect(client.call("KV.Put", PUT, { key: bytes("a"), value })).rejects.toMatchObject({
    code: 3,
    details: "etcdserver: request is too large",
  });
  expect(served.node.asked).toEqual([]);
});

it("watchersPerStreamMax: one more is refused, and the stream goes on", async () => {
  served = await serve({ watchersPerStreamMax: 3 });
  const stream = served.client().stream("Watch.Watch", WATCH);
  const create: Partial<Create> = { key: bytes("a") };
  const open = () => stream.send({ create_request: create as Create }).next();
  for (let i = 0; i < 3; i++)
    expect(await open()).toMatchObject({ created: true, canceled: false });
  expect(await open()).toMatchObject({ created: true, canceled: true });
  await stream.send({ cancel_request: { watch_id: 0n } }).next();
  expect(await open()).toMatchObject({ created: true, canceled: false });
  stream.cancel();
});

const TOO_LARGE = {
  created: true,
  canceled: true,
  cancel_reason: "etcdserver: request is too large",
};
const TOO_MUCH = { created: true, canceled: true, cancel_reason: TOO_MANY.details };
const OPENED = { created: true, canceled: false };

it("requestBytesMax: a watch of a longer key is refused, and the stream goes on", async () => {
  served = await serve({ requestBytesMax: 1000 });
  const stream = served.client().stream("Watch.Watch", WATCH);
  for (const [length, answer] of [
    [1000, TOO_LARGE],
    [900, OPENED],
  ] as const) {
    const create: Partial<Create> = { key: Buffer.alloc(length, "a") };
    expect(await stream.send({ create_request: create as Create }).next()).toMatchObject(answer);
  }
  stream.cancel();
});

it("watcherBytesPerStreamMax: keys beyond it are refused, in the order of the requests; what is cancelled, or never opened, counts no more", async () => {
  served = await serve({ watcherBytesPerStreamMax: 3000 });
  const stream = served.client().stream("Watch.Watch", WATCH);
  const key = Buffer.alloc(900, "a");
  const send = (create: Partial<Create>) => stream.send({ create_request: create as Create });
  for (let i = 0; i < 4; i++) send({ key });
  for (const answer of [OPENED, OPENED, OPENED, TOO_MUCH])
    expect(await stream.next()).toMatchObject(answer);
  await stream.send({ cancel_request: { watch_id: 1n } }).next();
  for (let i = 0; i < 5; i++) send({ key, range_end: bytes("a") });
  for (let i = 0; i < 5; i++)
    expect(await stream.next()).toMatchObject({ cancel_reason: "mvcc: watcher range is empty" });
  expect(await send({ key }).next()).toMatchObject(OPENED);
  expect(await send({ key }).next()).toMatchObject(TOO_MUCH);
  stream.cancel();
});

it("receiveBytesMax: keys of watches count over all connections, and the one that holds the most is cut", async () => {
  const pools = { ...GATEWAY_OPTIONS.pools, receiveBytesMax: 100_000 };
  served = await serve({}, { pools });
  const key = Buffer.alloc(20_000, "a");
  const create = { create_request: { key } as Partial<Create> as Create };
  const few = served.client().stream("Watch.Watch", WATCH);
  expect(await few.send(create).next()).toMatchObject(OPENED);
  const many = served.client().stream("Watch.Watch", WATCH);
  for (let i = 0; i < 5; i++) many.send(create);
  expect(await many.status).toMatchObject({ code: 8 });
  expect(await few.send(create).next()).toMatchObject(OPENED);
  const receiving = () => metric(served, "quorate_client_receive_bytes");
  expect(await receiving()).toBeGreaterThan(40_000);
  few.cancel();
  while ((await receiving()) > 0);
});

it("headerBytesMax: more header over HTTP/1.1 is answered with 431, and the connection ends", async () => {
  const http1 = { ...GATEWAY_OPTIONS.http1, headerBytesMax: 2000 };
  served = await serve({}, { http1 });
  const socket = connect(served.port, "127.0.0.1");
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk;
  });
  socket.write(`GET /health HTTP/1.1\r\nhost: x\r\na: ${"b".repeat(3000)}\r\n\r\n`);
  await once(socket, "close");
  expect(said).toMatch(/^HTTP\/1.1 431 /);
});
