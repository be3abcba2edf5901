import { Etcd3, type IKeyValue } from "etcd3";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually, within } from "../support/deadline.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

/** An unmodified client, given all three members. */
let cluster: Cluster;
let client: Etcd3;

beforeAll(async () => {
  cluster = await startQuorate();
  client = new Etcd3({ hosts: cluster.endpoints.map((endpoint) => `http://${endpoint}`) });
});
afterAll(async () => {
  client.close();
  await cluster.stop();
});

describe("the npm client of etcd, unmodified", () => {
  it("puts, gets and deletes, singly and by prefix", async () => {
    await client.put("kv/a").value("1");
    await client.put("kv/b").value(Buffer.from([0, 255]));
    expect(await client.get("kv/a").string()).toBe("1");
    expect(await client.get("kv/b").buffer()).toEqual(Buffer.from([0, 255]));
    expect(await client.get("kv/none").string()).toBeNull();
    expect(await client.get("kv/a").exists()).toBe(true);
    expect(await client.getAll().prefix("kv/").keys()).toEqual(["kv/a", "kv/b"]);
    expect(await client.getAll().prefix("kv/").count()).toBe(2);
    expect((await client.delete().prefix("kv/")).deleted).toBe("2");
  });

  it("sorts and limits, and reads the past", async () => {
    for (const [key, value] of [
      ["s/1", "c"],
      ["s/2", "a"],
      ["s/3", "b"],
    ] as const) {
      await client.put(key).value(value);
    }
    const sorted = await client.getAll().prefix("s/").sort("Value", "Descend").limit(2).strings();
    expect(Object.keys(sorted)).toEqual(["s/1", "s/3"]);
    const before = await client.get("s/1").exec();
    await client.put("s/1").value("later");
    const past = await client.get("s/1").revision(before.header.revision).string();
    expect(past).toBe("c");
    const previous = await client.put("s/1").value("x").getPrevious();
    expect(previous.value.toString()).toBe("later");
  });

  it("compares and swaps", async () => {
    await client.put("n").value("1");
    const swap = () =>
      client
        .if("n", "Value", "==", "1")
        .then(client.put("n").value("2"), client.get("n"))
        .else(client.get("n"))
        .commit();
    const [first, second] = [await swap(), await swap()];
    expect([first.succeeded, second.succeeded]).toEqual([true, false]);
    const found = second.responses[0] as { response_range?: { kvs: IKeyValue[] } } | undefined;
    expect(JSON.stringify(found)).toContain(Buffer.from("2").toJSON().data.join());
  });

  it("transacts in software, and runs again when something came between", async () => {
    await client.put("stm").value("1");
    let runs = 0;
    await client.stm().transact(async (tx) => {
      const value = Number(await tx.get("stm").string());
      if (++runs === 1) await client.put("stm").value("10");
      await tx.put("stm").value(String(value + 1));
    });
    expect([runs, await client.get("stm").string()]).toEqual([2, "11"]);
  });

  it("watches keys and prefixes, and hears nothing after a cancel", async () => {
    const heard: string[] = [];
    const watcher = await client.watch().prefix("w/").withPreviousKV().create();
    watcher.on("put", (kv, before) => heard.push([kv.key, kv.value, before?.value].join(" ")));
    watcher.on("delete", (kv, before) => heard.push([kv.key, "was", before?.value].join(" ")));
    await client.put("w/1").value("a");
    await client.put("w/1").value("b");
    await client.delete().key("w/1");
    await until(() => heard.length === 3);
    await watcher.cancel();
    await client.put("w/2").value("unheard");
    const other = await client.watch().key("w/3").create();
    const fence = new Promise((resolve) => void other.once("put", resolve));
    await client.put("w/3").value("fence");
    await within(5000, "the fence", fence);
    expect(heard).toEqual(["w/1 a ", "w/1 b a", "w/1 was b"]);
    await other.cancel();
  });

  it("keeps a lease alive past its time, and its keys go when it is revoked", async () => {
    const lease = client.lease(2);
    await lease.put("leased").value("1");
    const renewed = new Promise<void>((resolve) => {
      let count = 0;
      lease.on("keepaliveSucceeded", () => ++count === 5 && resolve());
    });
    await within(15_000, "five renewals", renewed);
    expect(await client.get("leased").string()).toBe("1");
    await lease.revoke();
    expect(await client.get("leased").string()).toBeNull();
  });

  it("is told of a lease that was lost", async () => {
    const lease = client.lease(2, { autoKeepAlive: false });
    const id = await lease.grant();
    const other = client.leaseClient;
    await other.leaseRevoke({ ID: id });
    await expect(lease.keepaliveOnce()).rejects.toThrow(/expired or revoked/);
  });

  it("takes turns at a lock", async () => {
    const first = await client.lock("lock").ttl(5).acquire();
    await expect(client.lock("lock").acquire()).rejects.toThrow(/lock/i);
    await first.release();
    const inside: number[] = [];
    const turn = async (n: number): Promise<void> => {
      for (;;) {
        const lock = await client
          .lock("turns")
          .acquire()
          .catch(() => null);
        if (lock === null) continue;
        inside.push(n);
        expect(inside.length).toBe(1);
        inside.pop();
        await lock.release();
        return;
      }
    };
    await within(20_000, "three turns", Promise.all([turn(1), turn(2), turn(3)]));
  });

  it("elects one leader, and the next when it resigns", async () => {
    const election = client.election("who", 5);
    const first = election.campaign("first");
    await within(
      10_000,
      "elected",
      new Promise<void>((resolve) => void first.on("elected", resolve)),
    );
    expect(await election.leader()).toBe("first");
    const second = client.election("who", 5).campaign("second");
    const elected = new Promise<void>((resolve) => void second.on("elected", resolve));
    await first.resign();
    await within(10_000, "the second", elected);
    expect(await election.leader()).toBe("second");
    await second.resign();
  });

  it("refuses what etcd refuses, by the same class of error", async () => {
    await expect(client.put("k").value("v").lease("4711").exec()).rejects.toThrow(
      /requested lease not found/,
    );
    await expect(client.get("k").revision(1_000_000).exec()).rejects.toThrow(/future revision/);
  });

  it("watches on across a kill -9 of each member in turn: nothing skipped, nothing twice", async () => {
    onTestFailed(() => console.error(logsOf(cluster)));
    const heard: string[] = [];
    const watcher = await client.watch().prefix("r/").create();
    watcher.on("put", (kv) => heard.push(kv.value.toString()));
    const written: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) await write(written, `${round}-${i}`);
      await cluster.members[round]?.process.end("SIGKILL");
      for (let i = 20; i < 40; i++) await write(written, `${round}-${i}`);
      cluster.restart(round);
      await cluster.ready();
    }
    await until(() => heard.length >= written.length);
    expect(heard).toEqual(written);
    await watcher.cancel();
  });
});

/** Writes once: of a write without an answer a read says whether it happened. */
async function write(written: string[], value: string): Promise<void> {
  await eventually(20_000, `write ${value}`, async () => {
    const done = await client
      .if("r/key", "Value", "==", value)
      .then(client.get("r/key"))
      .else(client.put("r/key").value(value))
      .commit()
      .catch(() => null);
    return done;
  });
  written.push(value);
}

const until = (holds: () => boolean): Promise<true> =>
  eventually(20_000, "what is heard", () => Promise.resolve(holds() ? true : null));
