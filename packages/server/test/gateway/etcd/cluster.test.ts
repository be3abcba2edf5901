import { nodeId } from "@quorate/kernel/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as m from "../../../src/gateway/messages/index.ts";
import { bytes, type EtcdClient } from "../etcd-client.ts";
import { type Served, serve } from "../served.ts";
import { SoloNode } from "../solo-node.ts";

const ADD = [m.MemberAddRequest, m.MemberAddResponse] as const;
const REMOVE = [m.MemberRemoveRequest, m.MemberRemoveResponse] as const;
const UPDATE = [m.MemberUpdateRequest, m.MemberUpdateResponse] as const;
const PROMOTE = [m.MemberPromoteRequest, m.MemberPromoteResponse] as const;
const LIST = [m.MemberListRequest, m.MemberListResponse] as const;
const STATUS = [m.StatusRequest, m.StatusResponse] as const;
const ALARM = [m.AlarmRequest, m.AlarmResponse] as const;
const HASH_KV = [m.HashKVRequest, m.HashKVResponse] as const;
const MOVE = [m.MoveLeaderRequest, m.MoveLeaderResponse] as const;
const HEALTH = [m.HealthCheckRequest, m.HealthCheckResponse] as const;
const SOLO = {
  ID: 0x1234n,
  name: "solo",
  peerURLs: ["http://127.0.0.1:2380"],
  clientURLs: ["http://127.0.0.1:2379"],
  isLearner: false,
};

let served: Served;
let client: EtcdClient;

beforeEach(async () => {
  served = await serve();
  client = served.client();
});
afterEach(() => served.stop());

describe("Cluster", () => {
  it("lists members with URLs and a header without revision", async () => {
    expect(await client.call("Cluster.MemberList", LIST, {})).toEqual({
      header: { cluster_id: 0xabcdn, member_id: 0x1234n, revision: 0n, raft_term: 3n },
      members: [SOLO],
    });
    expect(served.node.levels).toEqual([]);
  });

  it("has a linearizable list confirmed by a quorum", async () => {
    expect(await client.call("Cluster.MemberList", LIST, { linearizable: true })).toMatchObject({
      members: [SOLO],
    });
    expect(served.node.levels).toEqual(["readIndex"]);
  });

  it("hands changes on and answers with the members there are then", async () => {
    const peerURLs = ["http://10.0.0.7:2380"];
    expect(
      await client.call("Cluster.MemberAdd", ADD, { peerURLs, isLearner: true }),
    ).toMatchObject({
      member: SOLO,
      members: [SOLO],
    });
    await client.call("Cluster.MemberUpdate", UPDATE, { ID: 5n, peerURLs });
    await client.call("Cluster.MemberPromote", PROMOTE, { ID: 6n });
    await client.call("Cluster.MemberRemove", REMOVE, { ID: 7n });
    expect(served.node.memberChanges).toEqual([
      { add: peerURLs, learner: true },
      { update: nodeId(5n), peerUrls: peerURLs },
      { promote: nodeId(6n) },
      { remove: nodeId(7n) },
    ]);
  });

  it.each([
    ["none", []],
    ["a scheme of another kind", ["ftp://a:1"]],
    ["a path", ["http://a:1/x"]],
    ["no port", ["http://a"]],
    ["a port too high", ["http://a:65536"]],
    ["one bad among good ones", ["http://a:1", "a:1"]],
  ])("refuses peer URLs with %s", async (_, peerURLs) => {
    await expect(client.call("Cluster.MemberAdd", ADD, { peerURLs })).rejects.toMatchObject({
      code: 3,
      details: "etcdserver: given member URLs are invalid",
    });
  });

  it.each([
    ["etcdserver: member not found", 5],
    ["etcdserver: Peer URLs already exists", 9],
    ["etcdserver: can only promote a learner member which is in sync with leader", 9],
    ["etcdserver: unhealthy cluster", 14],
    ["etcdserver: re-configuration failed due to not enough started members", 2],
  ])("carries the refusal %s with code %d", async (message, code) => {
    served.node.memberOutcome = { ok: false, code: "ChangeRefused", definite: true, message };
    await expect(client.call("Cluster.MemberRemove", REMOVE, { ID: 7n })).rejects.toMatchObject({
      code,
      details: message,
    });
  });

  it("knows no member of 64 bits", async () => {
    await expect(
      client.call("Cluster.MemberRemove", REMOVE, { ID: 1n << 63n }),
    ).rejects.toMatchObject({ code: 5 });
  });
});

describe("Maintenance", () => {
  it("gives a status with every field", async () => {
    await client.call("KV.Put", [m.PutRequest, m.PutResponse], {
      key: bytes("k"),
      value: bytes("v"),
    });
    const status = await client.call("Maintenance.Status", STATUS, {});
    expect(status).toMatchObject({
      header: { revision: 2n, raft_term: 3n },
      version: "3.6.14",
      leader: 0x1234n,
      raftIndex: 1n,
      raftTerm: 3n,
      raftAppliedIndex: 1n,
      errors: [],
      isLearner: false,
      storageVersion: "3.6.0",
      dbSizeQuota: 8n * 1024n ** 3n,
      downgradeInfo: { enabled: false, targetVersion: "" },
    });
    expect(status.dbSize).toBeGreaterThan(0n);
    expect(status.dbSizeInUse).toBeGreaterThan(0n);
  });

  it("names the lack of a leader and the alarms in the status, and lists the alarms", async () => {
    served.node.group.leader = null;
    const [self] = served.node.members;
    served.node.members = self === undefined ? [] : [{ ...self, space: "low" }];
    const status = await client.call("Maintenance.Status", STATUS, {});
    expect(status).toMatchObject({
      leader: 0n,
      errors: ["etcdserver: no leader", `memberID:${0x1234} alarm:NOSPACE `],
    });
    expect((await client.call("Maintenance.Alarm", ALARM, {})).alarms).toEqual([
      { memberID: 0x1234n, alarm: 1 },
    ]);
    expect((await client.call("Maintenance.Alarm", ALARM, { alarm: 2 })).alarms).toEqual([]);
    expect((await client.call("Maintenance.Alarm", ALARM, { action: 2, alarm: 1 })).alarms).toEqual(
      [],
    );
    await expect(
      client.call("Maintenance.Alarm", ALARM, { action: 1, alarm: 1 }),
    ).rejects.toMatchObject({ code: 12 });
  });

  it("raises the alarm of a keyspace over its quota", async () => {
    served.stop();
    served = await serve({}, {}, new SoloNode(200));
    client = served.client();
    expect((await client.call("Maintenance.Alarm", ALARM, {})).alarms).toEqual([
      { memberID: 0x1234n, alarm: 1 },
    ]);
  });

  it("hashes the history up to a revision, and refuses one that is not there", async () => {
    for (const key of ["a", "b", "c"]) {
      await client.call("KV.Put", [m.PutRequest, m.PutResponse], {
        key: bytes(key),
        value: bytes("v"),
      });
    }
    const now = await client.call("Maintenance.HashKV", HASH_KV, {});
    expect(now).toMatchObject({ hash_revision: 4n, header: { revision: 4n } });
    const earlier = await client.call("Maintenance.HashKV", HASH_KV, { revision: 3n });
    expect(earlier.hash).not.toBe(now.hash);
    await expect(
      client.call("Maintenance.HashKV", HASH_KV, { revision: 9n }),
    ).rejects.toMatchObject({
      code: 11,
      details: "etcdserver: mvcc: required revision is a future revision",
    });
    const hash = await client.call("Maintenance.Hash", [m.HashRequest, m.HashResponse], {});
    expect(hash.hash).toBe(Number(BigInt.asUintN(32, served.node.machine.hash())));
  });

  it("moves leadership from the leader, and only from there", async () => {
    expect(await client.call("Maintenance.MoveLeader", MOVE, { targetID: 9n })).toEqual({
      header: null,
    });
    expect(served.node.group.leader).toBe(9n);
    served.node.failure = { code: "Timeout", definite: false, waitedTicks: served.node.now() };
    await expect(
      client.call("Maintenance.MoveLeader", MOVE, { targetID: 9n }),
    ).rejects.toMatchObject({
      code: 2,
      details: "etcdserver: request timed out, leader transfer took too long",
    });
    await expect(
      client.call("Maintenance.MoveLeader", MOVE, { targetID: 1n << 63n }),
    ).rejects.toMatchObject({
      code: 9,
      details: "etcdserver: bad leader transferee",
    });
    served.node.group.role = "follower";
    await expect(
      client.call("Maintenance.MoveLeader", MOVE, { targetID: 9n }),
    ).rejects.toMatchObject({
      code: 9,
      details: "etcdserver: not leader",
    });
  });

  it("defragments at once, and says plainly what it does not offer", async () => {
    const none = await client.call(
      "Maintenance.Defragment",
      [m.DefragmentRequest, m.DefragmentResponse],
      {},
    );
    expect(none).toEqual({ header: null });
    const snapshot = client.stream("Maintenance.Snapshot", [m.SnapshotRequest, m.SnapshotResponse]);
    expect(await snapshot.send({}).end().status).toMatchObject({ code: 12 });
    await expect(
      client.call("Maintenance.Downgrade", [m.DowngradeRequest, m.DowngradeResponse], {}),
    ).rejects.toMatchObject({ code: 12 });
  });

  it("knows no authentication, and says so in the words that clients wait for", async () => {
    await expect(
      client.call("Auth.Authenticate", [m.AuthenticateRequest, m.AuthenticateResponse], {
        name: "root",
      }),
    ).rejects.toMatchObject({ code: 9, details: "etcdserver: authentication is not enabled" });
    const status = await client.call(
      "Auth.AuthStatus",
      [m.AuthStatusRequest, m.AuthStatusResponse],
      {},
    );
    expect(status).toMatchObject({ enabled: false, authRevision: 1n });
  });
});

describe("gRPC health", () => {
  it("is serving as a whole, and knows no service by name", async () => {
    expect(await client.call("/grpc.health.v1.Health/Check", HEALTH, {})).toEqual({ status: 1 });
    await expect(
      client.call("/grpc.health.v1.Health/Check", HEALTH, { service: "x" }),
    ).rejects.toMatchObject({
      code: 5,
      details: "unknown service",
    });
    const watch = client.stream("/grpc.health.v1.Health/Watch", HEALTH).send({}).end();
    expect(await watch.next()).toEqual({ status: 1 });
    watch.cancel();
  });
});
