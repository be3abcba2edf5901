import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { within } from "../support/deadline.ts";
import {
  decodeMessage,
  encodeMessage,
  methodOf,
  type Plain,
  raw,
} from "../support/etcd-messages.ts";
import { GrpcWire } from "../support/grpc-wire.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

/** RangeStream has no peer in etcd 3.4, so its chunks are put together and compared with the unary answer. */
const range = methodOf("KV/Range");
let cluster: Cluster;
let wire: GrpcWire;

beforeAll(async () => {
  cluster = await startQuorate(1);
  wire = new GrpcWire(cluster.endpoints[0] ?? "");
  const put = methodOf("KV/Put");
  const fill = Array.from({ length: 300 }, async (_, i) => {
    const request = { key: raw(`k${i}`), value: raw("v".repeat(10_000)) };
    await wire.open(put.path).send(encodeMessage(put.request, request)).end().status;
  });
  await Promise.all(fill);
});
afterAll(async () => {
  wire.close();
  await cluster.stop();
});

const ALL = { key: raw("\0"), range_end: raw("\0") };

it.each<readonly [string, Plain, number]>([
  ["everything, in several chunks", ALL, 2],
  ["a limit", { ...ALL, limit: 7 }, 1],
  ["keys alone", { ...ALL, keys_only: true }, 1],
  ["a count", { ...ALL, count_only: true }, 1],
  ["the past", { ...ALL, revision: 100 }, 2],
  ["nothing", { key: raw("none") }, 1],
  ["a local read", { ...ALL, serializable: true }, 2],
])("a streamed range says what the unary one says: %s", async (_, request, chunksMin) => {
  const bytes = encodeMessage(range.request, request);
  const unary = await within(10_000, "unary", wire.open(range.path).send(bytes).end().next());
  const call = wire.open("/etcdserverpb.KV/RangeStream").send(bytes).end();
  const chunks: Buffer[] = [];
  for (let chunk = await call.next(); chunk !== null; chunk = await call.next()) {
    chunks.push(inner(chunk));
  }
  expect(await call.status).toMatchObject({ code: 0 });
  expect(chunks.length).toBeGreaterThanOrEqual(chunksMin);
  for (const chunk of chunks.slice(0, -1)) {
    expect(Object.keys(decodeMessage(range.response, chunk))).toEqual(["kvs"]);
  }
  // The parts of a message, one after another, are the message.
  expect(decodeMessage(range.response, Buffer.concat(chunks))).toEqual(
    decodeMessage(range.response, unary ?? Buffer.alloc(0)),
  );
});

it.each<readonly [string, Plain, string]>([
  ["an order", { ...ALL, sort_order: "DESCEND" }, "custom sort orders"],
  ["a filter", { ...ALL, min_mod_revision: 3 }, "revision filters"],
])("a range with %s cannot be streamed", async (_, request, why) => {
  const bytes = encodeMessage(range.request, request);
  const status = await wire.open("/etcdserverpb.KV/RangeStream").send(bytes).end().status;
  expect(status).toMatchObject({ code: 12, message: expect.stringContaining(why) });
});

/** The one field of a RangeStreamResponse: a tag, a length, the RangeResponse. */
function inner(chunk: Buffer): Buffer {
  expect(chunk[0]).toBe(0x0a);
  let at = 1;
  while ((chunk[at] ?? 0) >= 0x80) at++;
  return chunk.subarray(at + 1);
}
