import { chain } from "@quorate/kernel/chain";
import type { LogIndex, NodeId, Now } from "@quorate/kernel/core";
import { paxos } from "@quorate/kernel/paxos";
import { primary } from "@quorate/kernel/primary";
import { raft } from "@quorate/kernel/raft";
import { zab } from "@quorate/kernel/zab";
import {
  chainCluster,
  idOf,
  type Name,
  PaxosCluster,
  primaryCluster,
  put,
  RaftCluster,
  ZabCluster,
} from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** A group of three that S1 leads, step by step. */
interface Led {
  /** S1 proposes one write. */
  write(): void;
  /** Everything on its way arrives, and so do a heartbeat and its answers. */
  settle(): void;
  holdSync(name: Name): void;
  sync(name: Name): void;
  /** Whose disks surely hold S1's log, by S1's word. */
  holders(): readonly string[];
}

interface Net {
  readonly now: Now;
  deliver(): number;
  pass(millis: number): unknown;
  wake(id: NodeId): unknown;
  holdSync(id: NodeId): unknown;
  sync(id: NodeId): unknown;
}

const named = (holders: readonly NodeId[]): readonly string[] =>
  (["S1", "S2", "S3"] as const).filter((name) => holders.includes(idOf(name)));

function led(net: Net, heartbeatTicks: number, write: () => void, holders: Led["holders"]): Led {
  return {
    write,
    settle: () => {
      net.deliver();
      net.pass(heartbeatTicks);
      net.wake(idOf("S1"));
      net.deliver();
    },
    holdSync: (name) => void net.holdSync(idOf(name)),
    sync: (name) => void net.sync(idOf(name)),
    holders,
  };
}

const GROUPS: Readonly<Record<string, () => Led>> = {
  raft: () => {
    const c = new RaftCluster({ replicas: 3, seed: 8n }).elect("S1").replicate("S1");
    const protocol = raft(c.settings);
    return led(
      c.net,
      c.settings.heartbeatTicks,
      () => c.proposeAll("S1", [put("x", "1")]),
      () => named(protocol.holders(c.state("S1"), c.net.now, c.state("S1").log.lastIndex)),
    );
  },
  paxos: () => {
    const c = new PaxosCluster({ replicas: 3, seed: 8n }).elect("S1").reaches("S1");
    const protocol = paxos(c.settings);
    // What is proposed stands behind the log, which holds what is chosen.
    let slot = c.state("S1").log.lastIndex as number;
    return led(
      c.net,
      c.settings.heartbeatTicks,
      () => {
        c.propose("S1", put("x", "1"));
        slot++;
      },
      () => named(protocol.holders(c.state("S1"), c.net.now, slot as LogIndex)),
    );
  },
  zab: () => {
    const c = new ZabCluster({ replicas: 3, seed: 8n }).believe("S1", ["S2", "S3"]);
    c.net.deliver();
    const protocol = zab(c.settings);
    return led(
      c.net,
      c.settings.pingTicks,
      () => void c.propose("S1", "x"),
      () => named(protocol.holders(c.state("S1"), c.net.now, c.state("S1").log.lastIndex)),
    );
  },
  primary: () => {
    const settings = { acks: 0, shrinkTicks: null, inSyncMin: 1 };
    const c = primaryCluster({ replicas: 3, seed: 8n, settings });
    c.appoint("S1");
    c.net.deliver();
    const protocol = primary(c.settings);
    return led(
      c.net,
      c.settings.heartbeatTicks,
      () => void c.propose("S1", "x"),
      () => named(protocol.holders(c.state("S1"), c.net.now, c.state("S1").log.lastIndex)),
    );
  },
  chain: () => {
    const c = chainCluster({ replicas: 3, seed: 8n });
    c.appoint("S1");
    c.net.deliver();
    const protocol = chain(c.settings);
    return led(
      c.net,
      c.settings.heartbeatTicks,
      () => void c.propose("S1", "x"),
      () => named(protocol.holders(c.state("S1"), c.net.now, c.state("S1").log.lastIndex)),
    );
  },
};

describe.each(Object.entries(GROUPS))("who surely holds a write, by %s", (_, begin) => {
  it("nobody before its disk does, the leader not excepted", () => {
    const c = begin();
    c.settle();
    expect(c.holders()).toEqual(["S1", "S2", "S3"]);
    c.holdSync("S1");
    c.holdSync("S3");
    c.write();
    expect(c.holders()).toEqual([]);
    c.settle();
    expect(c.holders()).not.toContain("S1");
    expect(c.holders()).not.toContain("S3");
    c.sync("S1");
    c.settle();
    expect(c.holders()).toEqual(["S1", "S2"]);
    c.sync("S3");
    c.settle();
    expect(c.holders()).toEqual(["S1", "S2", "S3"]);
  });
});

describe("what was said in another epoch, or to who has no time left, counts for nothing", () => {
  it("PS-5: a new primary knows of nobody but itself, and an old one of nobody", () => {
    const settings = { acks: 0, shrinkTicks: null, inSyncMin: 1 };
    const c = primaryCluster({ replicas: 3, seed: 8n, settings });
    c.appoint("S1", { millis: 1000 });
    c.write("S1", "x");
    const protocol = primary(c.settings);
    const by = (name: Name): readonly string[] =>
      named(protocol.holders(c.state(name), c.net.now, 2 as LogIndex));
    expect(by("S1")).toEqual(["S1", "S2", "S3"]);
    expect(by("S2")).toEqual([]);
    c.net.pass(1001);
    expect(by("S1"), "its tenure is over").toEqual([]);
    c.appoint("S2");
    c.net.lose();
    expect(by("S2")).toEqual(["S2"]);
    c.beat("S2");
    c.net.deliver();
    expect(by("S2")).toEqual(["S1", "S2", "S3"]);
  });
});
