import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as m from "../../../src/gateway/messages/index.ts";
import { bytes, type EtcdClient, text } from "../etcd-client.ts";
import { type Served, serve } from "../served.ts";

const GRANT = [m.LeaseGrantRequest, m.LeaseGrantResponse] as const;
const REVOKE = [m.LeaseRevokeRequest, m.LeaseRevokeResponse] as const;
const TIME_TO_LIVE = [m.LeaseTimeToLiveRequest, m.LeaseTimeToLiveResponse] as const;
const LEASES = [m.LeaseLeasesRequest, m.LeaseLeasesResponse] as const;
const KEEP_ALIVE = [m.LeaseKeepAliveRequest, m.LeaseKeepAliveResponse] as const;
const PUT = [m.PutRequest, m.PutResponse] as const;

let served: Served;
let client: EtcdClient;

beforeEach(async () => {
  served = await serve({ keepAlivesPendingMax: 4 });
  client = served.client();
});
afterEach(() => served.stop());

describe("Lease", () => {
  it("draws an id where the client leaves it to the server, and keeps a given one", async () => {
    const drawn = await client.call("Lease.LeaseGrant", GRANT, { TTL: 30n });
    expect(drawn.ID > 0n && drawn.ID < 1n << 63n).toBe(true);
    expect(drawn).toMatchObject({ TTL: 30n, error: "", header: { revision: 1n } });
    const most = (1n << 63n) - 1n;
    expect(await client.call("Lease.LeaseGrant", GRANT, { TTL: 30n, ID: most })).toMatchObject({
      ID: most,
    });
    await expect(
      client.call("Lease.LeaseGrant", GRANT, { TTL: 30n, ID: most }),
    ).rejects.toMatchObject({
      code: 9,
      details: "etcdserver: lease already exists",
    });
    const leases = await client.call("Lease.LeaseLeases", LEASES, {});
    expect(leases.leases.map((one) => one.ID)).toEqual(expect.arrayContaining([drawn.ID, most]));
  });

  it("deletes a lease's keys in one revision when it is revoked", async () => {
    await client.call("Lease.LeaseGrant", GRANT, { TTL: 30n, ID: 7n });
    await client.call("KV.Put", PUT, { key: bytes("a"), lease: 7n });
    await client.call("KV.Put", PUT, { key: bytes("b"), lease: 7n });
    const left = await client.call("Lease.LeaseTimeToLive", TIME_TO_LIVE, { ID: 7n, keys: true });
    expect(left).toMatchObject({ ID: 7n, grantedTTL: 30n });
    expect(left.keys.map(text)).toEqual(["a", "b"]);
    expect(await client.call("Lease.LeaseRevoke", REVOKE, { ID: 7n })).toMatchObject({
      header: { revision: 4n },
    });
    await expect(client.call("Lease.LeaseRevoke", REVOKE, { ID: 7n })).rejects.toMatchObject({
      code: 5,
      details: "etcdserver: requested lease not found",
    });
  });

  it("answers TTL -1, without an error, for a lease that is not there", async () => {
    expect(await client.call("Lease.LeaseTimeToLive", TIME_TO_LIVE, { ID: 9n })).toMatchObject({
      ID: 9n,
      TTL: -1n,
      grantedTTL: 0n,
    });
  });
});

describe("a keep-alive stream", () => {
  it("answers each request in order, with TTL 0 for a lease that is gone", async () => {
    await client.call("Lease.LeaseGrant", GRANT, { TTL: 30n, ID: 7n });
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    const ids = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 7n : BigInt(i)));
    for (const ID of ids) stream.send({ ID });
    for (const ID of ids) {
      expect(await stream.next()).toMatchObject({
        ID,
        TTL: ID === 7n ? 30n : 0n,
        header: { raft_term: 3n },
      });
    }
    stream.end();
    expect(await stream.status).toMatchObject({ code: 0 });
  });

  it("answers what was asked before it ends with the client's half-close", async () => {
    await client.call("Lease.LeaseGrant", GRANT, { TTL: 30n, ID: 7n });
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE).send({ ID: 7n }).end();
    expect(await stream.rest()).toMatchObject([{ ID: 7n, TTL: 30n }]);
    expect(await stream.status).toMatchObject({ code: 0 });
  });

  it("renews: a lease kept alive outlives the one that is not", async () => {
    for (const ID of [7n, 8n]) await client.call("Lease.LeaseGrant", GRANT, { TTL: 10n, ID });
    served.node.advance(9000);
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    await stream.send({ ID: 7n }).next();
    served.node.advance(2000);
    const { leases } = await client.call("Lease.LeaseLeases", LEASES, {});
    expect(leases).toEqual([{ ID: 7n }]);
    stream.cancel();
  });

  it("ends with the failure of a request", async () => {
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    served.node.failure = { code: "NoLeader", definite: true };
    stream.send({ ID: 7n });
    expect(await stream.status).toMatchObject({ code: 14, details: "etcdserver: no leader" });
  });
});
