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
 * A leader stands still for longer than its successor needs to be elected, and counts that time; then it tells its
 * followers what it takes the time to be. The lease is renewed by its successor, which then hands leadership back to it.
 */
function deposedTeller(logTimeByTerm: boolean): { readonly lived: number } {
  const rules = { ...ALL_REPLICA_RULES, logTimeByTerm };
  const world = new World({ seed: 5n, nodes: 3, options: { ...DEFAULT_OPTIONS, rules } }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(500);
  const caller = new Caller(world);
  const first = world.leader() as SimNode;
  caller.request(first, EtcdKind.leaseGrant, leaseGrantRequest(7, TTL_SECONDS));
  caller.request(first, EtcdKind.put, putRequest("held", "x", 7));

  const asleepUntil = world.agenda.now + 2_500_000;
  first.pause(2_500_000);
  world.until(() => world.leader() !== first, 5000);
  const second = world.leader() as SimNode;
  // It wakes, tells what it takes the time to be, and follows.
  world.run((asleepUntil - world.agenda.now) / 1000 + 50);
  caller.request(second, EtcdKind.leaseKeepAlive, leaseKeepAliveRequest(7));
  const renewed = world.agenda.now;
  const nobody = { onReply: () => {}, onReadable: () => {} };
  second.moveLeader(nobody, DEFAULT_KEYSPACE, first.id, 2000);
  world.until(() => world.leader() === first, 2000);
  world.until(() => !holds(first), 20_000);
  return { lived: (world.agenda.now - renewed) / 1000 };
}

it("a leader that stood still has counted time in which nobody led: leases renewed since do not end the earlier for it", () => {
  expect(deposedTeller(true).lived).toBeGreaterThanOrEqual(TTL_SECONDS * 1000);
});

it("logTimeByTerm: without the rule they do", () => {
  expect(deposedTeller(false).lived).toBeLessThan(TTL_SECONDS * 1000);
});
