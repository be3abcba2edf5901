import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterId, nodeId } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, startNode } from "@quorate/kernel/replica";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ClusterAdmin, Gateway } from "../../src/gateway/index.ts";
import * as m from "../../src/gateway/messages/index.ts";
import { type Host, openNode, random63, silentLog, systemClock } from "../../src/host/index.ts";
import { bytes, EtcdClient } from "./etcd-client.ts";

/** A cluster of one real node: journal on disk, Raft, the etcd machine; behind the client that npm has for etcd. */
let directory: string;
let host: Host;
let gateway: Gateway;
let etcd: Etcd3;
let raw: EtcdClient;

const noAdmin: ClusterAdmin = {
  addMember: () => {},
  removeMember: () => {},
  updateMember: () => {},
  promoteMember: () => {},
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "quorate-gateway-"));
  const node = nodeId(random63());
  const self = { name: "a", peerAddress: "127.0.0.1:2380", clientAddresses: ["127.0.0.1:2379"] };
  const founders = [{ node, name: "a", peerAddress: self.peerAddress }];
  const clock = systemClock();
  let onLeader: () => void = () => {};
  const led = new Promise<void>((resolve) => {
    onLeader = resolve;
  });
  const opened = await openNode({
    dataDir: directory,
    listenPeer: "127.0.0.1:0",
    identity: { cluster: clusterId(random63()), node },
    kernel: (identity, recovered, seed) =>
      startNode({ identity, self, bootstrap: { founders }, recovered, seed }, DEFAULT_OPTIONS, clock.now()),
    log: { ...silentLog, info: (fields) => { console.log(fields); onLeader() } },
    onHalt: (reason) => console.log("HALT", reason),
    onJoin: () => Promise.reject(new Error("nobody joins this test")),
    clock,
    segmentBytes: 4 << 20,
  });
  host = opened.host;
  void led;
  gateway = new Gateway(host, noAdmin);
  const { port } = await gateway.listen("127.0.0.1", 0);
  raw = new EtcdClient(port);
  etcd = new Etcd3({ hosts: `127.0.0.1:${port}` });
});

afterAll(async () => {
  etcd.close();
  raw.close();
  gateway.destroy();
  await host.close();
  await rm(directory, { recursive: true });
});

it("puts", async () => {
  for (let i = 0; i < 20; i++) {
    try { console.log(await raw.call("KV.Put", [m.PutRequest, m.PutResponse], { key: bytes("k") })); break; } catch (e) { console.log(String(e), performance.now()); }
  }
});
