import { ticks } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ADMISSION_OPTIONS } from "../../../src/gateway/admission/index.ts";
import * as m from "../../../src/gateway/messages/index.ts";
import { bytes, type EtcdClient } from "../etcd-client.ts";
import { type Served, serve } from "../served.ts";

const PUT = [m.PutRequest, m.PutResponse] as const;
const RANGE = [m.RangeRequest, m.RangeResponse] as const;
const GRANT = [m.LeaseGrantRequest, m.LeaseGrantResponse] as const;
const KEEP_ALIVE = [m.LeaseKeepAliveRequest, m.LeaseKeepAliveResponse] as const;
const STATUS = [m.StatusRequest, m.StatusResponse] as const;
const MEMBERS = [m.MemberListRequest, m.MemberListResponse] as const;

const TOO_MANY = { code: 8, details: "etcdserver: too many requests" };
const CALLS_MAX = 2;
const WAITING_MAX = 3;
const WAIT_MS = 60_000;

const { limit, lanes } = ADMISSION_OPTIONS;
const narrow = { callsMax: CALLS_MAX, waitingMax: WAITING_MAX, waitMs: WAIT_MS };
const admission = {
  limit: { ...limit, callsMin: CALLS_MAX, callsMax: CALLS_MAX },
  lanes: {
    data: { ...lanes.data, ...narrow },
    stream: { ...lanes.stream, ...narrow },
    lease: { ...lanes.lease, ...narrow },
    control: lanes.control,
  },
};

let served: Served;
let client: EtcdClient;
const puts = (): number => served.node.asked.filter((kind) => kind === EtcdKind.put).length;
const put = (key: string, options = {}) => client.call("KV.Put", PUT, { key: bytes(key) }, options);
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${served.port}/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1],
  );
};

/** Puts that the node keeps, and others that wait: the data lane is full. */
async function flood(): Promise<readonly Promise<unknown>[]> {
  served.node.held = new Set([EtcdKind.put]);
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < CALLS_MAX + WAITING_MAX; i++) all.push(put(`k${i}`));
  // On the same connection, so that all of them have come when it is answered.
  await client.call("Maintenance.Status", STATUS, {});
  return all;
}

describe.each(["quorate", "node"] as const)("admission, with HTTP/2 by %s", (http2By) => {
  beforeEach(async () => {
    served = await serve({}, { admission, http2By });
    client = served.client();
  });
  afterEach(() => served.stop());

  it("lets so many puts in, has others wait, and refuses the rest, of which nothing was asked of the node", async () => {
    const flooded = await flood();
    await expect(put("more")).rejects.toMatchObject(TOO_MANY);
    expect(puts()).toBe(CALLS_MAX);
    expect(await metric('quorate_admission_waiting{lane="data"}')).toBe(WAITING_MAX);
    served.node.release();
    await Promise.all(flooded);
    const { kvs } = await client.call("KV.Range", RANGE, {
      key: bytes("k"),
      range_end: bytes("l"),
    });
    expect(kvs.map(({ mod_revision }) => mod_revision)).toEqual([2n, 3n, 4n, 5n, 6n]);
    const refused = 'quorate_admission_refused_total{lane="data",reason="full"}';
    expect(await metric(refused)).toBe(1);
    expect(await metric('quorate_admission_in_flight{lane="data"}')).toBe(0);
  });

  it("has a lane for leases and one for the cluster, whatever the puts do", async () => {
    const flooded = await flood();
    await client.call("Lease.LeaseGrant", GRANT, { ID: 7n, TTL: 30n });
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    expect(await stream.send({ ID: 7n }).next()).toMatchObject({ ID: 7n, TTL: 30n });
    expect((await client.call("Cluster.MemberList", MEMBERS, {})).members.length).toBe(1);
    expect(puts()).toBe(CALLS_MAX);
    served.node.release();
    await Promise.all(flooded);
    stream.cancel();
  });

  it("refuses reads of keys as it does puts", async () => {
    const flooded = await flood();
    for (const serializable of [true, false])
      await expect(
        client.call("KV.Range", RANGE, { key: bytes("k"), serializable }),
      ).rejects.toMatchObject(TOO_MANY);
    served.node.release();
    await Promise.all(flooded);
  });

  it("refuses over JSON with 429", async () => {
    const flooded = await flood();
    const answer = await fetch(`http://127.0.0.1:${served.port}/v3/kv/put`, {
      method: "POST",
      body: '{"key":"YQ=="}',
    });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: 8, message: TOO_MANY.details });
    served.node.release();
    await Promise.all(flooded);
  });

  it("forgets a put whose client leaves while it waits: it never reaches the node", async () => {
    served.node.held = new Set([EtcdKind.put]);
    const underWay = [put("a"), put("b")];
    await client.call("Maintenance.Status", STATUS, {});
    await expect(put("left", { deadline: Date.now() + 50 })).rejects.toMatchObject({ code: 4 });
    await client.call("Maintenance.Status", STATUS, {});
    served.node.release();
    await Promise.all(underWay);
    expect(puts()).toBe(2);
  });

  it("has renewals beyond those under way wait, and lets them in as others are answered", async () => {
    await client.call("Lease.LeaseGrant", GRANT, { ID: 7n, TTL: 30n });
    served.node.held = new Set([EtcdKind.leaseKeepAlive]);
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    for (let i = 0; i < CALLS_MAX + WAITING_MAX; i++) stream.send({ ID: 7n });
    await client.call("Maintenance.Status", STATUS, {});
    expect(served.node.asked.length).toBe(1 + CALLS_MAX);
    served.node.release();
    for (let i = 0; i < CALLS_MAX + WAITING_MAX; i++)
      expect(await stream.next()).toMatchObject({ ID: 7n, TTL: 30n });
    stream.cancel();
    expect(await metric('quorate_admission_in_flight{lane="lease"}')).toBe(0);
  });

  it("ends a keep-alive stream with more renewals than may wait, and lets go of their places", async () => {
    served.node.held = new Set([EtcdKind.leaseKeepAlive]);
    const stream = client.stream("Lease.LeaseKeepAlive", KEEP_ALIVE);
    for (let i = 0; i <= CALLS_MAX + WAITING_MAX; i++) stream.send({ ID: 7n });
    expect(await stream.status).toMatchObject(TOO_MANY);
    expect(await metric('quorate_admission_in_flight{lane="lease"}')).toBe(0);
    expect(await metric('quorate_admission_waiting{lane="lease"}')).toBe(0);
  });
});

it("waitMs: a put that has waited so long is refused, and never reaches the node", async () => {
  const data = { ...admission.lanes.data, waitMs: 20 };
  served = await serve({}, { admission: { ...admission, lanes: { ...admission.lanes, data } } });
  client = served.client();
  served.node.held = new Set([EtcdKind.put]);
  const underWay = [put("a"), put("b")];
  await client.call("Maintenance.Status", STATUS, {});
  await expect(put("late")).rejects.toMatchObject(TOO_MANY);
  served.node.release();
  await Promise.all(underWay);
  expect(puts()).toBe(2);
  expect(await metric('quorate_admission_refused_total{lane="data",reason="expired"}')).toBe(1);
  served.stop();
});

it("an answer that the node is overloaded lowers the limit of what is let in", async () => {
  served = await serve();
  client = served.client();
  const before = await metric('quorate_admission_limit{lane="data"}');
  served.node.failure = { code: "Overloaded", definite: true, retryAfterTicks: ticks(1) };
  // As long as it takes for an interval to end.
  while ((await metric('quorate_admission_limit{lane="data"}')) === before)
    await expect(put("a")).rejects.toMatchObject(TOO_MANY);
  expect(await metric('quorate_admission_limit{lane="data"}')).toBeLessThan(before);
  served.stop();
});
