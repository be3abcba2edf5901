import { status as Code } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ETCD_OPTIONS, type EtcdOptions } from "../../../src/gateway/etcd/index.ts";
import { type ClusterAdmin, GATEWAY_OPTIONS, Gateway } from "../../../src/gateway/index.ts";
import {
  CacheRequest,
  CacheResponse,
  PutRequest,
  PutResponse,
} from "../../../src/gateway/messages/index.ts";
import { encode, type MessageOf } from "../../../src/gateway/protobuf/index.ts";
import type { Host } from "../../../src/host/index.ts";
import { MetricsRegistry } from "../../../src/metrics/index.ts";
import { bytes, EtcdClient, type Stream, text } from "../etcd-client.ts";
import { startRaftNode } from "../raft-node.ts";
import { serve } from "../served.ts";

type Response = MessageOf<typeof CacheResponse>;
type CacheStream = Stream<MessageOf<typeof CacheRequest>, Response>;

const LEASE = "/quorate.v1.Cache/Lease";
const noChanges: ClusterAdmin = {
  addMember: () => {},
  removeMember: () => {},
  updateMember: () => {},
  promoteMember: () => {},
};
/** Small, so that they are reached. */
const BOUNDS: Partial<EtcdOptions> = {
  cacheReadsPendingMax: 2,
  requestBytesMax: 100_000,
  cacheBufferBytesMax: 1000,
};

let host: Host;
let gateway: Gateway;
let client: EtcdClient;
let port: number;

/** One member with Raft, whose log has said how long leases are. */
beforeAll(async () => {
  const node = startRaftNode();
  host = node.host;
  const options = { ...GATEWAY_OPTIONS, etcd: { ...ETCD_OPTIONS, ...BOUNDS } };
  const keyspaces = { unlinearizable: () => null, changeKeyspaces: () => {} };
  gateway = new Gateway(host, noChanges, keyspaces, options, new MetricsRegistry(), host);
  ({ port } = await gateway.listen("127.0.0.1", 0));
  client = new EtcdClient(port);
  await node.led;
  expect((await read(cache(), "first")).answer?.lease_ms).toBe(0n);
  // Each is answered behind the entry that a reader before it caused; the member's version is told to group 0 meanwhile.
  do await put("a", "1");
  while ((await read(cache(), "first")).answer?.lease_ms === 0n);
});
afterAll(async () => {
  client.close();
  gateway.destroy();
  await host.close();
});

const put = (key: string, value: string): Promise<unknown> =>
  client.call("KV.Put", [PutRequest, PutResponse], { key: bytes(key), value: bytes(value) });
const cache = (): CacheStream => client.stream(LEASE, [CacheRequest, CacheResponse]);

let serials = 0n;
const asking = (
  key: string,
): { readonly read: NonNullable<MessageOf<typeof CacheRequest>["read"]> } => ({
  read: { key: bytes(key), life: 7n, serial: ++serials },
});

function read(stream: CacheStream, key: string): Promise<Response> {
  stream.send(asking(key));
  return stream.next();
}

const valueIn = ({ kvs }: Response): string | null =>
  kvs[0] === undefined ? null : text(kvs[0].value);

describe("a cache's stream", () => {
  it("answers with the key as it is, and for how long it may be kept", async () => {
    const stream = cache();
    const known = await read(stream, "a");
    expect([valueIn(known), known.answer?.lease_ms]).toEqual(["1", 2000n]);
    expect(known.header?.revision).toBe(known.kvs[0]?.mod_revision);
    const unknown = await read(stream, "nothing");
    expect([valueIn(unknown), unknown.answer?.lease_ms]).toEqual([null, 2000n]);
    expect(unknown.answer).toMatchObject({ key: bytes("nothing"), life: 7n, serial: serials });
  });

  it("asks who has the key to drop it, once, and the write is done when it has: two messages", async () => {
    const [one, other] = [cache(), cache()];
    const { header } = await read(one, "b");
    await read(other, "other");
    let done = false;
    const written = put("b", "2").then(() => void (done = true));
    const { recall } = await one.next();
    expect(recall).toMatchObject({ key: bytes("b"), revision: header?.revision });
    expect(done).toBe(false);
    const { recall: number = 0n, issuer = 0n } = recall ?? {};
    one.send({ dropped: { key: bytes("b"), recall: number, issuer } });
    await written;
    expect(valueIn(await read(one, "b"))).toBe("2");
    one.end();
    other.end();
    expect([await one.rest(), await other.rest()]).toEqual([[], []]);
  });

  it("takes no word of another life of the member for one to this", async () => {
    const stream = cache();
    await read(stream, "c");
    const written = put("c", "2");
    const { recall } = await stream.next();
    const { recall: number = 0n, issuer = 0n } = recall ?? {};
    stream.send({ dropped: { key: bytes("c"), recall: number, issuer: issuer + 1n } });
    // It is asked again, since nothing was heard of it.
    const again = await stream.next();
    expect(again.recall?.recall).toBeGreaterThan(number);
    stream.send({ dropped: { key: bytes("c"), recall: again.recall?.recall ?? 0n, issuer } });
    await written;
  });

  it("ends with OK when its client has asked for all that it wants", async () => {
    const stream = cache();
    stream.send(asking("a")).send(asking("a")).end();
    expect(await stream.rest()).toHaveLength(2);
    expect((await stream.status).code).toBe(Code.OK);
  });

  it("serves more reads than it holds at a time", async () => {
    const stream = cache();
    for (let i = 0; i < 50; i++) stream.send(asking("a"));
    expect(await stream.end().rest()).toHaveLength(50);
  });

  const hostile: readonly (readonly [string, Buffer, number])[] = [
    ["bytes that are no message", Buffer.from([0x0a, 0xff]), Code.INTERNAL],
    ["no key", Buffer.from([0x0a, 0]), Code.INVALID_ARGUMENT],
    [
      "a key that is too large",
      Buffer.from(
        encode(CacheRequest, { read: { key: Buffer.alloc(100_001), life: 1n, serial: 1n } }),
      ),
      Code.INVALID_ARGUMENT,
    ],
  ];
  for (const [what, message, code] of hostile) {
    it(`ends at ${what}`, async () => {
      const stream = client.stream(LEASE, [CacheRequest, CacheResponse]);
      stream.sendBytes(message);
      expect((await stream.status).code).toBe(code);
    });
  }

  it("is refused where nobody serves caches", async () => {
    const served = await serve();
    const stream = served.client().stream(LEASE, [CacheRequest, CacheResponse]);
    expect((await stream.status).code).toBe(Code.UNIMPLEMENTED);
    served.stop();
  });
});
