import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as m from "../../../src/gateway/messages/index.ts";
import type { MessageOf } from "../../../src/gateway/protobuf/index.ts";
import { bytes, type EtcdClient, type Stream, text } from "../etcd-client.ts";
import { type Served, serve } from "../served.ts";

type Request = MessageOf<typeof m.WatchRequest>;
type Response = MessageOf<typeof m.WatchResponse>;
type Create = MessageOf<typeof m.WatchCreateRequest>;

const PUT = [m.PutRequest, m.PutResponse] as const;
const ALL = { key: bytes("\0"), range_end: bytes("\0") };
const EMPTY_PUT = {
  key: bytes(""),
  value: bytes(""),
  lease: 0n,
  prev_kv: false,
  ignore_value: false,
  ignore_lease: false,
};
const NOTHING = { create_request: null, cancel_request: null, progress_request: null };

const create = (what: Partial<Create>): Request => ({ ...NOTHING, create_request: what as Create });
const cancel = (watch_id: bigint): Request => ({ ...NOTHING, cancel_request: { watch_id } });
const progress: Request = { ...NOTHING, progress_request: {} };

let served: Served;
let client: EtcdClient;
let watch: Stream<Request, Response>;

async function start(options: Parameters<typeof serve>[0] = {}): Promise<void> {
  served = await serve(options);
  client = served.client();
  watch = client.stream("Watch.Watch", [m.WatchRequest, m.WatchResponse]);
}
const put = (key: string, value: string | Buffer = "v") =>
  client.call("KV.Put", PUT, {
    key: bytes(key),
    value: typeof value === "string" ? bytes(value) : value,
  });
const keysOf = ({ events }: Response): string[] =>
  events.map((event) => text(event.kv?.key ?? bytes("")));

beforeEach(() => start());
afterEach(() => served.stop());

describe("a watch stream", () => {
  it("says created with the store's revision, then gives every event with the revision it is of", async () => {
    watch.send(create(ALL));
    expect(await watch.next()).toEqual({
      header: { cluster_id: 0xabcdn, member_id: 0x1234n, revision: 1n, raft_term: 3n },
      watch_id: 0n,
      created: true,
      canceled: false,
      compact_revision: 0n,
      cancel_reason: "",
      fragment: false,
      events: [],
    });
    await put("a");
    await put("b");
    for (const [key, revision] of [
      ["a", 2n],
      ["b", 3n],
    ] as const) {
      const response = await watch.next();
      expect(response).toMatchObject({ watch_id: 0n, created: false, header: { revision } });
      expect(keysOf(response)).toEqual([key]);
    }
  });

  it("replays history from the start revision, after the created reply", async () => {
    for (const key of ["a", "b", "c"]) await put(key);
    watch.send(create({ ...ALL, start_revision: 3n }));
    expect(await watch.next()).toMatchObject({ created: true, header: { revision: 4n } });
    const got: string[] = [];
    while (got.length < 2) got.push(...keysOf(await watch.next()));
    expect(got).toEqual(["b", "c"]);
  });

  it("answers requests in their order, and gives ids from 0 upward around those the client chose", async () => {
    watch.send(create({ ...ALL, watch_id: 1n }));
    for (let i = 0; i < 3; i++) watch.send(create(ALL));
    watch
      .send(cancel(2n))
      .send(create({ ...ALL, watch_id: 2n }))
      .send(create(ALL));
    const answers: [bigint, string][] = [];
    for (let i = 0; i < 7; i++) {
      const { watch_id, created, canceled } = await watch.next();
      answers.push([watch_id, `${created ? "created" : ""}${canceled ? "canceled" : ""}`]);
    }
    expect(answers).toEqual([
      [1n, "created"],
      [0n, "created"],
      [2n, "created"],
      [3n, "created"],
      [2n, "canceled"],
      [2n, "created"],
      [4n, "created"],
    ]);
  });

  it.each([
    [
      "a negative start",
      { ...ALL, start_revision: -1n },
      "etcdserver: mvcc: required revision has been compacted",
    ],
    ["an empty range", { key: bytes("b"), range_end: bytes("b") }, "mvcc: watcher range is empty"],
    ["a used id", { ...ALL, watch_id: 5n }, "mvcc: duplicate watch ID provided on the WatchStream"],
  ])("refuses %s and goes on", async (_, what, reason) => {
    watch
      .send(create({ ...ALL, watch_id: 5n }))
      .send(create(what))
      .send(create(ALL));
    await watch.next();
    const answer = await watch.next();
    expect(answer).toMatchObject({
      created: true,
      canceled: true,
      watch_id: -1n,
      cancel_reason: reason,
      header: { revision: 1n },
    });
    expect(await watch.next()).toMatchObject({ created: true, canceled: false });
  });

  it("says created, then canceled with the compact revision, to one that starts below it", async () => {
    for (const key of ["a", "b", "c"]) await put(key);
    await client.call("KV.Compact", [m.CompactionRequest, m.CompactionResponse], { revision: 3n });
    watch.send(create({ ...ALL, start_revision: 2n }));
    expect(await watch.next()).toMatchObject({
      created: true,
      canceled: false,
      header: { revision: 4n },
    });
    expect(await watch.next()).toMatchObject({
      created: false,
      canceled: true,
      compact_revision: 3n,
      cancel_reason: "",
      header: { revision: 0n },
    });
  });

  it("gives no event of a watcher after its cancellation was answered", async () => {
    watch.send(create(ALL)).send(create({ ...ALL, key: bytes("b") }));
    await watch.next();
    await watch.next();
    watch.send(cancel(0n));
    expect(await watch.next()).toMatchObject({ canceled: true, watch_id: 0n, cancel_reason: "" });
    await put("c");
    expect(await watch.next()).toMatchObject({ watch_id: 1n, header: { revision: 2n } });
  });

  it("ignores the cancellation of an id it does not know", async () => {
    watch.send(cancel(9n)).send(create(ALL));
    expect(await watch.next()).toMatchObject({ created: true, watch_id: 0n });
  });

  it("reports progress for all watchers together, behind their events, and not without watchers", async () => {
    watch.send(progress).send(create(ALL));
    expect(await watch.next()).toMatchObject({ created: true });
    await put("a");
    expect(keysOf(await watch.next())).toEqual(["a"]);
    watch.send(progress);
    expect(await watch.next()).toMatchObject({
      watch_id: -1n,
      events: [],
      header: { revision: 2n },
    });
  });

  it("reports no progress below a watcher's start revision", async () => {
    watch
      .send(create({ ...ALL, start_revision: 9n }))
      .send(progress)
      .send(create(ALL));
    expect(await watch.next()).toMatchObject({ created: true, watch_id: 0n });
    expect(await watch.next()).toMatchObject({ created: true, watch_id: 1n });
  });

  it("goes on after a half-close while it watches, and ends with it when it does not", async () => {
    watch.send(create(ALL)).end();
    await watch.next();
    await put("a");
    expect(keysOf(await watch.next())).toEqual(["a"]);
    watch.cancel();
    const idle = client.stream("Watch.Watch", [m.WatchRequest, m.WatchResponse]).end();
    expect(await idle.status).toMatchObject({ code: 0 });
  });

  it("leaves no watcher behind when its client goes", async () => {
    watch.send(create(ALL)).send(create(ALL));
    await watch.next();
    await watch.next();
    expect(served.node.machine.watches.count).toBe(2);
    const idle = served.node.idle();
    watch.cancel();
    await idle;
    expect(served.node.machine.watches.count).toBe(0);
  });

  it("cuts what is too large between events, where fragments were asked for", async () => {
    served.stop();
    await start({ fragmentBytes: 3000 });
    const value = "x".repeat(1000);
    watch.send(create({ ...ALL, fragment: true })).send(create(ALL));
    await watch.next();
    await watch.next();
    const op = (i: number) => ({
      request_range: null,
      request_put: { ...EMPTY_PUT, key: bytes(`k${i}`), value: bytes(value) },
      request_delete_range: null,
      request_txn: null,
    });
    const success = Array.from({ length: 7 }, (_, i) => op(i));
    await client.call("KV.Txn", [m.TxnRequest, m.TxnResponse], { success });
    const fragments: Response[] = [];
    let whole: Response | null = null;
    while (whole === null || fragments.at(-1)?.fragment !== false) {
      const response = await watch.next();
      if (response.watch_id === 1n) whole = response;
      else fragments.push(response);
    }
    expect(fragments.flatMap(keysOf)).toEqual(keysOf(whole));
    expect(fragments.map((one) => one.fragment)).toEqual([true, true, true, false]);
    expect(fragments.every((one) => one.header?.revision === 2n)).toBe(true);
    expect(whole.fragment).toBe(false);
  });

  it("stalls its watchers while the client does not read, loses nothing, and lets them go on", async () => {
    served.stop();
    await start({ watchBufferBytesMax: 100_000 });
    watch.send(create(ALL));
    await watch.next();
    watch.reading.pause();
    const stalled = served.node.event("stalled");
    const value = Buffer.alloc(50_000, 1);
    let puts = 0;
    for (let done = false; !done; puts++) {
      await put(`k${puts}`, value);
      done = served.node.events.includes("stalled");
    }
    await stalled;
    for (let i = 0; i < 10; i++) await put(`k${puts++}`, value);
    watch.reading.resume();
    const got: string[] = [];
    while (got.length < puts) got.push(...keysOf(await watch.next()));
    expect(got).toEqual(Array.from({ length: puts }, (_, i) => `k${i}`));
    expect(served.node.events).toContain("drained");
  });

  it("sends progress by itself to watchers that asked for it and had no event meanwhile", async () => {
    served.stop();
    await start({ progressIntervalMs: 20 });
    watch.send(create({ ...ALL, progress_notify: true })).send(create(ALL));
    await watch.next();
    await watch.next();
    expect(await watch.next()).toMatchObject({
      watch_id: 0n,
      events: [],
      header: { revision: 1n },
    });
  });

  it("ends with no leader once none was seen for three election time-outs, if the client asked for one", async () => {
    served.stop();
    await start({ electionTimeoutMs: 10 });
    const strict = served
      .client({ hasleader: "true" })
      .stream("Watch.Watch", [m.WatchRequest, m.WatchResponse]);
    strict.send(create(ALL));
    await strict.next();
    served.node.group.leader = null;
    expect(await strict.status).toMatchObject({ code: 14, details: "etcdserver: no leader" });
    watch.send(create(ALL));
    expect(await watch.next()).toMatchObject({ created: true });
  });

  it("does not read on while too many of its requests wait, and answers all of them", async () => {
    served.stop();
    await start({ watchRequestsPendingMax: 2 });
    for (let i = 0; i < 50; i++) watch.send(create(ALL));
    for (let i = 0; i < 50; i++)
      expect(await watch.next()).toMatchObject({ created: true, watch_id: BigInt(i) });
  });
});
