import { connect } from "node:http2";
import { Malformed, nodeId } from "@quorate/kernel/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as m from "../../../src/gateway/messages/index.ts";
import { decode, type MessageType } from "../../../src/gateway/protobuf/index.ts";
import { bytes, type EtcdClient, text } from "../etcd-client.ts";
import { type Served, serve } from "../served.ts";

let served: Served;
let client: EtcdClient;

beforeEach(async () => {
  served = await serve();
  client = served.client();
});
afterEach(() => served.stop());

const PUT = [m.PutRequest, m.PutResponse] as const;
const RANGE = [m.RangeRequest, m.RangeResponse] as const;
const TXN = [m.TxnRequest, m.TxnResponse] as const;
const DELETE = [m.DeleteRangeRequest, m.DeleteRangeResponse] as const;
const COMPACT = [m.CompactionRequest, m.CompactionResponse] as const;
const GRANT = [m.LeaseGrantRequest, m.LeaseGrantResponse] as const;
const ALL = { key: bytes("\0"), range_end: bytes("\0") };

const put = (key: string, value: string) =>
  client.call("KV.Put", PUT, { key: bytes(key), value: bytes(value) });

describe("KV", () => {
  it("answers with the whole header, and what was there before where asked", async () => {
    const first = await put("k", "a");
    expect(first.header).toEqual({
      cluster_id: 0xabcdn,
      member_id: 0x1234n,
      revision: 2n,
      raft_term: 3n,
    });
    expect(first.prev_kv).toBeNull();
    const second = await client.call("KV.Put", PUT, {
      key: bytes("k"),
      value: bytes("b"),
      prev_kv: true,
    });
    expect(second.prev_kv).toMatchObject({ value: bytes("a"), mod_revision: 2n, version: 1n });
    const deleted = await client.call("KV.DeleteRange", DELETE, { ...ALL, prev_kv: true });
    expect(deleted).toMatchObject({ deleted: 1n, header: { revision: 4n } });
    expect(deleted.prev_kvs).toHaveLength(1);
  });

  it("reads through the read index unless the request is serializable", async () => {
    await put("k", "v");
    const range = await client.call("KV.Range", RANGE, { key: bytes("k") });
    expect(range).toMatchObject({ count: 1n, more: false, header: { revision: 2n } });
    expect(text(range.kvs[0]?.value ?? bytes(""))).toBe("v");
    await client.call("KV.Range", RANGE, { key: bytes("k"), serializable: true });
    expect(served.node.levels).toEqual(["readIndex", "local"]);
  });

  it("gathers a range larger than a slice into one answer, in order, with count and more", async () => {
    const value = "x".repeat(10_000);
    for (let i = 0; i < 100; i++) await put(`key${String(i).padStart(3, "0")}`, value);
    const range = await client.call("KV.Range", RANGE, { ...ALL, limit: 90n });
    expect(range.kvs.map((kv) => text(kv.key))).toEqual(
      Array.from({ length: 90 }, (_, i) => `key${String(i).padStart(3, "0")}`),
    );
    expect(range).toMatchObject({ more: true, count: 100n, header: { revision: 101n } });
  });

  it("streams the same range in chunks whose joint content is the unary answer", async () => {
    for (let i = 0; i < 100; i++) await put(`key${i}`, "y".repeat(10_000));
    const unary = await client.call("KV.Range", RANGE, ALL);
    const stream = client.stream("KV.RangeStream", [m.RangeRequest, m.RangeStreamResponse]);
    const chunks = (await stream.send(ALL).end().rest()).map((one) => one.range_response);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.flatMap((one) => one?.kvs ?? [])).toEqual(unary.kvs);
    expect(chunks.slice(0, -1).every((one) => one?.header === null && one.count === 0n)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ count: 100n, header: { revision: 101n } });
  });

  it.each([
    ["a sort target", { sort_target: 3 }, "RangeStream does not support custom sort orders"],
    ["descending order", { sort_order: 2 }, "RangeStream does not support custom sort orders"],
    [
      "a revision filter",
      { min_mod_revision: 3n },
      "RangeStream does not support revision filters",
    ],
  ])("does not stream a range with %s", async (_, option, details) => {
    const stream = client.stream("KV.RangeStream", [m.RangeRequest, m.RangeStreamResponse]);
    stream.send({ ...ALL, ...option }).end();
    expect(await stream.status).toMatchObject({ code: 12, details });
  });

  it("routes a transaction that only reads past the log, and one that writes through it", async () => {
    await put("k", "v");
    const get = { request_range: { ...empty(m.RangeRequest), key: bytes("k") } };
    const read = await client.call("KV.Txn", TXN, { success: [{ ...empty(m.RequestOp), ...get }] });
    expect(read).toMatchObject({ succeeded: true, header: { revision: 2n } });
    expect(served.node.levels).toEqual(["readIndex"]);
    const set = { request_put: { ...empty(m.PutRequest), key: bytes("k") } };
    const write = await client.call("KV.Txn", TXN, {
      success: [{ ...empty(m.RequestOp), ...set }],
    });
    expect(write).toMatchObject({ succeeded: true, header: { revision: 3n } });
    expect(write.responses[0]?.response_put).not.toBeNull();
  });

  it.each([
    ["a put without key", "KV.Put", PUT, {}, 3, "etcdserver: key is not provided"],
    ["a range without key", "KV.Range", RANGE, {}, 3, "etcdserver: key is not provided"],
    ["a delete without key", "KV.DeleteRange", DELETE, {}, 3, "etcdserver: key is not provided"],
    [
      "to keep the value of a key that is not there",
      "KV.Put",
      PUT,
      { key: bytes("k"), ignore_value: true },
      3,
      "etcdserver: key not found",
    ],
    [
      "a put to a lease that is not there",
      "KV.Put",
      PUT,
      { key: bytes("k"), lease: 9n },
      5,
      "etcdserver: requested lease not found",
    ],
    [
      "an unknown sort order",
      "KV.Range",
      RANGE,
      { key: bytes("k"), sort_order: 7 },
      3,
      "etcdserver: invalid sort option",
    ],
    [
      "a read of the future",
      "KV.Range",
      RANGE,
      { key: bytes("k"), revision: 99n },
      11,
      "etcdserver: mvcc: required revision is a future revision",
    ],
    [
      "a compaction in the future",
      "KV.Compact",
      COMPACT,
      { revision: 99n },
      11,
      "etcdserver: mvcc: required revision is a future revision",
    ],
    [
      "a request beyond 1.5 MiB",
      "KV.Put",
      PUT,
      { key: bytes("k"), value: Buffer.alloc(1_572_864) },
      3,
      "etcdserver: request is too large",
    ],
    [
      "a lease of ages",
      "Lease.LeaseGrant",
      GRANT,
      { TTL: 9_000_000_001n },
      11,
      "etcdserver: too large lease TTL",
    ],
  ] as const)("refuses %s", async (_, method, types, request, code, details) => {
    await expect(client.call(method, types as typeof PUT, request as object)).rejects.toMatchObject(
      { code, details },
    );
  });

  it("refuses a message beyond 2 MiB below the service, and bytes that are no message", async () => {
    const large = { key: bytes("k"), value: Buffer.alloc(2 * 1024 * 1024) };
    await expect(client.call("KV.Put", PUT, large)).rejects.toMatchObject({ code: 8 });
    await expect(client.call("KV.Put", PUT, Buffer.from("0aff", "hex"))).rejects.toMatchObject({
      code: 13,
      details: expect.stringContaining("grpc: error unmarshalling request"),
    });
  });

  it("strips a field it does not know before the command enters the log", async () => {
    const known = Buffer.from("0a016b120176", "hex");
    await client.call("KV.Put", PUT, Buffer.concat([known, Buffer.from("f2070161", "hex")]));
    const range = await client.call("KV.Range", RANGE, { key: bytes("k") });
    expect(text(range.kvs[0]?.value ?? bytes(""))).toBe("v");
  });
});

describe("what may come of a request", () => {
  it.each([
    [{ code: "NoLeader", definite: true }, 14, "etcdserver: no leader"],
    [{ code: "NotLeader", definite: true, leaderHint: null }, 9, "etcdserver: not leader"],
    [{ code: "Timeout", definite: false, waitedTicks: 5 }, 14, "etcdserver: request timed out"],
    [
      { code: "Overloaded", definite: true, retryAfterTicks: 5 },
      8,
      "etcdserver: too many requests",
    ],
    [{ code: "NoSpace", definite: true }, 8, "etcdserver: mvcc: database space exceeded"],
    [{ code: "Stopped", definite: true }, 14, "etcdserver: server stopped"],
    [{ code: "TooLarge", definite: true, limitBytes: 3 }, 3, "etcdserver: request is too large"],
    [{ code: "Learner", definite: true }, 9, "etcdserver: rpc not supported for learner"],
    [{ code: "Corrupt", definite: true }, 15, "etcdserver: corrupt cluster"],
    [{ code: "LeaderChanged", definite: false }, 14, "etcdserver: leader changed"],
    [{ code: "BadTransferee", definite: true }, 9, "etcdserver: bad leader transferee"],
    [
      { code: "UnknownKeyspace", definite: true, keyspace: 7 },
      5,
      "quorate: no keyspace 7 is known to this member",
    ],
  ])("%j reaches the client as %d %s", async (failure, code, details) => {
    served.node.failure = failure as typeof served.node.failure;
    await expect(put("k", "v")).rejects.toMatchObject({ code, details });
    await expect(client.call("KV.Range", RANGE, { key: bytes("k") })).rejects.toMatchObject({
      code,
      details,
    });
  });

  it("ends at the client's deadline and withdraws the request", async () => {
    served.node.frozen = true;
    const deadline = { deadline: Date.now() + 60 };
    await expect(client.call("KV.Put", PUT, { key: bytes("k") }, deadline)).rejects.toMatchObject({
      code: 4,
    });
    await served.node.withdrawn;
  });

  it("refuses at once a call that wants a leader where none is known", async () => {
    served.node.group.leader = null;
    const strict = served.client({ hasleader: "true" });
    await expect(strict.call("KV.Put", PUT, { key: bytes("k") })).rejects.toMatchObject({
      code: 14,
      details: "etcdserver: no leader",
    });
    await expect(put("k", "v")).resolves.toMatchObject({ header: { revision: 2n } });
  });

  it("serves on a learner nothing but serializable ranges and Status", async () => {
    await put("k", "v");
    served.node.group.role = "learner";
    const refused = { code: 9, details: "etcdserver: rpc not supported for learner" };
    await expect(put("k", "v")).rejects.toMatchObject(refused);
    await expect(client.call("KV.Range", RANGE, { key: bytes("k") })).rejects.toMatchObject(
      refused,
    );
    const range = await client.call("KV.Range", RANGE, { key: bytes("k"), serializable: true });
    expect(range.count).toBe(1n);
    const watch = client.stream("Watch.Watch", [m.WatchRequest, m.WatchResponse]);
    expect(await watch.status).toMatchObject(refused);
  });

  it("speaks to the keyspace that the metadata name, and says so where there is none", async () => {
    const call = (name: string) =>
      served.client({ "quorate-keyspace": name }).call("KV.Put", PUT, { key: bytes("k") });
    await expect(call("default")).resolves.toMatchObject({ header: { revision: 2n } });
    await expect(call("nowhere")).rejects.toMatchObject({
      code: 5,
      details: "quorate: no keyspace nowhere is known to this member",
    });
  });

  it("C4: reads as the metadata ask: by level, and never from before a revision", async () => {
    const range = (metadata: Readonly<Record<string, string>>, serializable = false) =>
      served.client(metadata).call("KV.Range", RANGE, { key: bytes("k"), serializable });
    await put("k", "v");
    served.node.levels.length = 0;
    await range({});
    await range({}, true);
    await range({ "quorate-reads": "lease" });
    await range({ "quorate-reads": "local" });
    await range({ "quorate-reads": "linearizable" }, true);
    expect(served.node.levels).toEqual(["readIndex", "local", "lease", "local", "readIndex"]);
    served.node.levels.length = 0;
    // What is there is new enough; what is not is looked for once where it must be.
    await range({ "quorate-min-revision": "2" }, true);
    expect(served.node.levels).toEqual(["local"]);
    await expect(range({ "quorate-min-revision": "3" }, true)).rejects.toMatchObject({
      code: 14,
      details:
        "quorate: this member is at revision 2, and 3 was asked for: try again, or another member",
    });
    expect(served.node.levels).toEqual(["local", "local", "readIndex"]);
    for (const [name, value] of [
      ["quorate-reads", "fresh"],
      ["quorate-reads", "constructor"],
      ["quorate-min-revision", "-1"],
    ] as const)
      await expect(range({ [name]: value })).rejects.toMatchObject({ code: 3 });
    // Its reads are local: an answer that is said to be the newest would be a lie.
    const carts = { "quorate-keyspace": "carts", "quorate-reads": "linearizable" };
    await expect(range(carts)).rejects.toMatchObject({ code: 9 });
  });

  it("RM-7, C4: a level that the keyspace or the member cannot keep is refused for certain, not weakened", async () => {
    const range = (metadata: Readonly<Record<string, string>>) =>
      served.client(metadata).call("KV.Range", RANGE, { key: bytes("k") });
    const { node } = served;
    await put("k", "v");
    for (const why of ["lossy", "unconfirmed"] as const) {
      node.reads = why;
      await expect(range({ "quorate-reads": "linearizable" })).rejects.toMatchObject({
        code: 9,
        details: expect.stringContaining("no read of it is linearizable"),
      });
      await range({});
      await range({ "quorate-reads": "primary" });
    }
    node.reads = null;
    await range({ "quorate-reads": "linearizable" });
    await expect(range({ "quorate-reads": "in-step" })).rejects.toMatchObject({ code: 9 });
    const { node: self } = node.identity;
    const other = nodeId(77n);
    node.group.inStep = [self];
    await range({ "quorate-reads": "in-step" });
    node.group.inStep = [other];
    await expect(range({ "quorate-reads": "in-step" })).rejects.toMatchObject({
      code: 14,
      details: "quorate: this member is not in step: ask 77",
    });
    const pinned = { "quorate-reads": "pinned", "quorate-session": "s" };
    await expect(range(pinned)).rejects.toMatchObject({
      code: 14,
      details: "quorate: the reads of this session are pinned to 77: ask there",
    });
    node.group.inStep = [self];
    await range(pinned);
    node.group.inStep = null;
    await range(pinned);
    for (const session of ["", "x".repeat(257)])
      await expect(range({ ...pinned, "quorate-session": session })).rejects.toMatchObject({
        code: 3,
      });
  });

  it("C11: a write says in its metadata how many are to hold it, and is told in trailers how many did and its name", async () => {
    const ask = (acks: string) => {
      const { call, trailers } = served
        .client({ "quorate-acks": acks })
        .withTrailers("KV.Put", PUT, {
          key: bytes("k"),
          value: bytes("v"),
        });
      return call.then(() => trailers);
    };
    await put("k", "plain");
    served.node.holders = 2;
    for (const acks of ["primary", "majority", "all", "3"]) {
      const trailers = await ask(acks);
      expect(trailers.get("quorate-acks")).toEqual(["2"]);
      expect(trailers.get("quorate-request")[0]).toMatch(/^4660-\d+-\d+$/);
    }
    expect(served.node.acks).toEqual([null, 1, "majority", "all", 3]);
    for (const acks of ["", "0", "-1", "two", "2.5", "65536", "quorum"])
      await expect(ask(acks)).rejects.toMatchObject({ code: 3 });
    expect(served.node.acks).toHaveLength(5);
  });

  it("C11: over Node's own HTTP/2, and as JSON, the trailers are the same", async () => {
    const other = await serve({}, { http2By: "node" }, served.node);
    served.node.holders = 3;
    const client = other.client({ "quorate-acks": "all" });
    const { call, trailers } = client.withTrailers("KV.Put", PUT, { key: bytes("k") });
    await call;
    expect((await trailers).get("quorate-acks")).toEqual(["3"]);
    other.stop();
    const json = await fetch(`http://127.0.0.1:${served.port}/v3/kv/put`, {
      method: "POST",
      headers: { "grpc-metadata-quorate-acks": "all" },
      body: JSON.stringify({ key: "aw==" }),
    });
    expect(json.headers.get("grpc-trailer-quorate-acks")).toBe("3");
    expect(json.headers.get("grpc-trailer-quorate-request")).toMatch(/^4660-1-\d+$/);
  });

  it("refuses an API version that is no UTF-8", async () => {
    const session = connect(`http://127.0.0.1:${served.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": "/etcdserverpb.KV/Put",
      "content-type": "application/grpc",
      "client-api-version": "3.\xff",
    });
    stream.end(Buffer.from("00000000030a016b", "hex"));
    const headers = await new Promise((resolve) => void stream.on("response", resolve));
    session.destroy();
    expect(headers).toMatchObject({
      "grpc-status": "3",
      "grpc-message": "etcdserver: invalid client api version",
    });
  });
});

/** A message with nothing in it. */
function empty<T>(type: MessageType<T>): T {
  const message = decode(type, new Uint8Array(0));
  if (message instanceof Malformed) throw message;
  return message;
}
