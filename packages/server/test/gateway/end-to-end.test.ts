import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClusterAdmin, Gateway } from "../../src/gateway/index.ts";
import type { Host } from "../../src/host/index.ts";
import { startRaftNode } from "./raft-node.ts";

const noChanges: ClusterAdmin = {
  addMember: () => {},
  removeMember: () => {},
  updateMember: () => {},
  promoteMember: () => {},
};

let host: Host;
let gateway: Gateway;
let etcd: Etcd3;
let url: string;

beforeAll(async () => {
  const node = startRaftNode();
  host = node.host;
  gateway = new Gateway(host, noChanges, { unlinearizable: () => null, changeKeyspaces: () => {} });
  const { port } = await gateway.listen("127.0.0.1", 0);
  etcd = new Etcd3({ hosts: `127.0.0.1:${port}` });
  url = `http://127.0.0.1:${port}`;
  await node.led;
});
afterAll(async () => {
  etcd.close();
  gateway.destroy();
  await host.close();
});

describe("the npm client of etcd, against a node with Raft", () => {
  it("puts, gets and deletes", async () => {
    await etcd.put("foo").value("bar");
    expect(await etcd.get("foo").string()).toBe("bar");
    expect(await etcd.getAll().prefix("fo").strings()).toEqual({ foo: "bar" });
    await etcd.delete().key("foo");
    expect(await etcd.get("foo").string()).toBeNull();
  });

  it("watches a prefix, and hears of puts and deletes", async () => {
    const watcher = await etcd.watch().prefix("w/").create();
    const put = new Promise<string>(
      (resolve) => void watcher.on("put", (kv) => resolve(String(kv.value))),
    );
    const gone = new Promise<string>(
      (resolve) => void watcher.on("delete", (kv) => resolve(String(kv.key))),
    );
    await etcd.put("w/1").value("x");
    expect(await put).toBe("x");
    await etcd.delete().key("w/1");
    expect(await gone).toBe("w/1");
    await watcher.cancel();
  });

  it("attaches keys to a lease, keeps it alive and revokes it", async () => {
    const lease = etcd.lease(10);
    await lease.put("leased").value("1");
    expect((await lease.keepaliveOnce()).TTL).toBe("10");
    await lease.revoke();
    expect(await etcd.get("leased").string()).toBeNull();
  });

  it("compares and swaps, and takes a lock", async () => {
    await etcd.put("n").value("1");
    const swap = () => etcd.if("n", "Value", "==", "1").then(etcd.put("n").value("2")).commit();
    expect((await swap()).succeeded).toBe(true);
    expect((await swap()).succeeded).toBe(false);
    const first = await etcd.lock("l").acquire();
    await expect(etcd.lock("l").acquire()).rejects.toThrow(/lock/i);
    await first.release();
    await (await etcd.lock("l").acquire()).release();
  });

  it("is healthy over HTTP, and answers JSON from the same state", async () => {
    await etcd.put("json").value("v");
    const health = await fetch(`${url}/health`);
    expect(await health.text()).toBe('{"health":"true","reason":""}');
    const key = Buffer.from("json").toString("base64");
    const range = await fetch(`${url}/v3/kv/range`, {
      method: "POST",
      body: JSON.stringify({ key }),
    });
    expect(await range.json()).toMatchObject({ count: "1", kvs: [{ value: "dg==" }] });
  });
});
