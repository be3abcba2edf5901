import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterId, nodeId } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, startNode } from "@quorate/kernel/replica";
import { Etcd3 } from "etcd3";
import { Gateway } from "./src/gateway/index.ts";
import * as m from "./src/gateway/messages/index.ts";
import { openNode, random63, silentLog, systemClock } from "./src/host/index.ts";
import { bytes, EtcdClient } from "./test/gateway/etcd-client.ts";
const directory = await mkdtemp(join(tmpdir(), "quorate-gateway-"));
const node = nodeId(random63());
const self = { name: "a", peerAddress: "127.0.0.1:2380", clientAddresses: ["127.0.0.1:2379"] };
const founders = [{ node, name: "a", peerAddress: self.peerAddress }];
const clock = systemClock();
const opened = await openNode({ dataDir: directory, listenPeer: "127.0.0.1:0", identity: { cluster: clusterId(random63()), node },
  kernel: (identity, recovered, seed) => startNode({ identity, self, bootstrap: { founders }, recovered, seed }, DEFAULT_OPTIONS, clock.now()),
  log: { ...silentLog, info: (f, t) => console.log("INFO", f, t), warn: (f, t) => console.log("WARN", f, t), error: (f,t)=>console.log("ERR",f,t) },
  onHalt: (reason) => console.log("HALT", reason), onJoin: () => Promise.reject(new Error("no")), clock, segmentBytes: 4 << 20 });
const no: any = () => {};
const gateway = new Gateway(opened.host, { addMember: no, removeMember: no, updateMember: no, promoteMember: no });
const { port } = await gateway.listen("127.0.0.1", 0);
const raw = new EtcdClient(port);
for (let i = 0; i < 30; i++) {
  try { console.log(await raw.call("KV.Put", [m.PutRequest, m.PutResponse], { key: bytes("k") })); break; } catch (e) { console.log(String(e), performance.now()); await new Promise(r => setTimeout(r, 100)); }
}
const etcd = new Etcd3({ hosts: `127.0.0.1:${port}` });
await etcd.put("foo").value("bar"); console.log("get", await etcd.get("foo").string());
const w = await etcd.watch().prefix("w/").create(); const got = new Promise(r => w.on("put", r));
await etcd.put("w/1").value("x"); console.log("watch", (await got as any).key.toString()); await w.cancel();
const lease = etcd.lease(10); await lease.put("l").value("1"); console.log("lease", await lease.grant(), (await lease.keepaliveOnce()).TTL); await lease.revoke();
console.log("after revoke", await etcd.get("l").string());
console.log("if", await etcd.if("foo","Value","==","bar").then(etcd.put("foo").value("baz")).commit());
console.log("lock"); const lock = etcd.lock("L"); await lock.acquire(); await lock.release();
console.log("all", await etcd.getAll().strings());
console.log("status", await (await fetch(`http://127.0.0.1:${port}/health`)).text(), (await etcd.maintenance.status()).version, (await etcd.cluster.memberList()).members.length);
// load
for (const N of [5000, 20000]) { const t = performance.now(); let left = N, active = 0; await new Promise<void>((res) => { const go = () => { while (left > 0 && active < 200) { left--; active++; raw.call("KV.Put", [m.PutRequest, m.PutResponse], { key: bytes("k" + (left % 1000)), value: bytes("v") }).then(() => { active--; if (left === 0 && active === 0) res(); else go(); }, (e) => { console.log(e); process.exit(1) }); } }; go(); }); console.log(N, "puts", Math.round(N / (performance.now() - t) * 1000), "/s (grpc-js client in the same process)"); }
etcd.close(); raw.close(); gateway.drain(); gateway.destroy(); await opened.host.close(); await rm(directory, { recursive: true });
console.log("closed"); 
