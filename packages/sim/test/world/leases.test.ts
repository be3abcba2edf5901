import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import { ALL_REPLICA_RULES, DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import {
  Caller,
  leaseGrantRequest,
  leaseKeepAliveRequest,
  putRequest,
  readKey,
  type SimNode,
  World,
} from "@quorate/sim";
import { expect, it } from "vitest";

const TTL_SECONDS = 3;

const holds = (node: SimNode): boolean => {
  const view = node.kernel?.groupOf(DEFAULT_KEYSPACE)?.view;
  return view instanceof EtcdMachine && readKey(view, "held") !== null;
};

/**
 * A leader is cut off and goes on counting until it gives up, while its successor leads already; joined again it tells what it
 * takes the time to be. The lease is renewed by its successor, which then hands leadership back to it.
 */
function deposedTeller(logTimeByTerm: boolean): { readonly lived: number } {
  const rules = { ...ALL_REPLICA_RULES, logTimeByTerm };
  const raft = { ...DEFAULT_OPTIONS.raft, electionTicksMax: 510 };
  const options = { ...DEFAULT_OPTIONS, raft, rules };
  const world = new World({ seed: 5n, nodes: 3, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(500);
  const caller = new Caller(world);
  const first = world.leader() as SimNode;
  caller.request(first, EtcdKind.leaseGrant, leaseGrantRequest(7, TTL_SECONDS));
  caller.request(first, EtcdKind.put, putRequest("held", "x", 7));

  const others = world.nodes.filter((node) => node !== first);
  const join = world.partition([first], others);
  world.until(() => world.leader() !== first, 5000);
  const second = world.leader() as SimNode;
  join();
  world.run(50);
  caller.request(second, EtcdKind.leaseKeepAlive, leaseKeepAliveRequest(7));
  const renewed = world.agenda.now;
  const nobody = { onReply: () => {}, onReadable: () => {} };
  second.moveLeader(nobody, DEFAULT_KEYSPACE, first.id, 2000);
  world.until(() => world.leader() === first, 2000);
  world.until(() => !holds(first), 20_000);
  return { lived: (world.agenda.now - renewed) / 1000 };
}

it("a leader that was cut off has counted time in which another led: leases renewed since do not end the earlier for it", () => {
  expect(deposedTeller(true).lived).toBeGreaterThanOrEqual(TTL_SECONDS * 1000);
});

it("logTimeByTerm: without the rule they do", () => {
  expect(deposedTeller(false).lived).toBeLessThan(TTL_SECONDS * 1000);
});

it("a leader that stood still for longer than a lease lives finds its renewal before it ends it", () => {
  const world = new World({ seed: 6n, nodes: 1, options: DEFAULT_OPTIONS }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const leader = world.leader() as SimNode;
  const caller = new Caller(world);
  caller.request(leader, EtcdKind.leaseGrant, leaseGrantRequest(7, TTL_SECONDS));
  caller.request(leader, EtcdKind.put, putRequest("held", "x", 7));
  world.run(1000);
  leader.pause(2 * TTL_SECONDS * 1_000_000);
  world.run(1.5 * TTL_SECONDS * 1000);
  const nobody = { onReply: () => {}, onReadable: () => {} };
  leader.request(
    nobody,
    DEFAULT_KEYSPACE,
    EtcdKind.leaseKeepAlive,
    leaseKeepAliveRequest(7),
    60_000,
  );
  world.run(0.5 * TTL_SECONDS * 1000 + 500);
  expect(leader.isUp).toBe(true);
  expect(holds(leader)).toBe(true);
  world.run((TTL_SECONDS - 1) * 1000);
  expect(holds(leader)).toBe(true);
  world.run(2000);
  expect(holds(leader)).toBe(false);
});

it("the time in which a leader stood still is no time of its leases: nobody else led, and nobody could renew them", () => {
  const world = new World({ seed: 7n, nodes: 1, options: DEFAULT_OPTIONS }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const leader = world.leader() as SimNode;
  const caller = new Caller(world);
  caller.request(leader, EtcdKind.leaseGrant, leaseGrantRequest(7, TTL_SECONDS));
  caller.request(leader, EtcdKind.put, putRequest("held", "x", 7));
  world.run(500);
  leader.pause(10_000_000);
  world.run(10_000 + 1500);
  expect(holds(leader)).toBe(true);
  world.run(2000);
  expect(holds(leader)).toBe(false);
});
