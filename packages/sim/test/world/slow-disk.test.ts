import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { HEALTHY_DISK, putRequest, World } from "@quorate/sim";
import { expect, it } from "vitest";

/** Most of the second after which a disk that wrote nothing counts as hung. */
const SYNC_MILLIS = 700;

it.each(["etcd", "chubby", "zookeeper", "primary-sync"])(
  "%s: a disk that takes most of the limit for every sync is slow and does not hang: who leads goes on",
  (defaultProfile) => {
    const options = { ...DEFAULT_OPTIONS, defaultProfile };
    const disk = { ...HEALTHY_DISK, syncMicrosMin: 1000, syncMicrosMax: 1000 };
    const world = new World({ seed: 4n, nodes: 3, disk, options }).boot();
    world.until(() => world.leader() !== null, 10_000);
    world.run(1000);
    const leader = world.leader();
    if (leader === null) throw new RangeError("nobody leads");
    const term = leader.kernel?.groupOf(DEFAULT_KEYSPACE)?.term;
    leader.disk.slowness = SYNC_MILLIS;
    let answered = 0;
    const caller = { onReply: () => void answered++, onReadable: () => {} };
    // A record that comes just after a sync has begun waits for two.
    for (let i = 0; i < 60; i++) {
      leader.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("x", `${i}`), 5000, null);
      world.run(200);
    }
    world.run(2 * SYNC_MILLIS);
    expect(answered).toBe(60);
    expect(world.leader()).toBe(leader);
    expect(leader.kernel?.groupOf(DEFAULT_KEYSPACE)?.term).toBe(term);
  },
);
