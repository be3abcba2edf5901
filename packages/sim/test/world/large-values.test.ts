import type { Outcome } from "@quorate/kernel/core";
import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { putRequest, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

/** More than three times what a group handles in a turn. */
const VALUES = 8;
const VALUE = "x".repeat(1_000_000);

it("large values that come in one turn are spread over several, in the order in which they came, and all are answered", () => {
  const world = new World({ seed: 18n, nodes: 3 }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const leader = world.leader() as SimNode;
  const revisions: number[] = [];
  for (let i = 0; i < VALUES; i++)
    leader.request(
      {
        onReply: (outcome: Outcome) => {
          if (outcome.ok) revisions.push(i);
        },
        onReadable: () => {},
      },
      DEFAULT_KEYSPACE,
      EtcdKind.put,
      putRequest(`k${i}`, VALUE),
      60_000,
    );
  const before = leader.kernel?.replicaOf(DEFAULT_KEYSPACE)?.state.log.lastIndex ?? 0;
  let most = 0;
  let known = before;
  world.until(() => {
    const now = leader.kernel?.replicaOf(DEFAULT_KEYSPACE)?.state.log.lastIndex ?? 0;
    most = Math.max(most, now - known);
    known = now;
    return revisions.length === VALUES;
  }, 60_000);
  expect(revisions).toEqual(Array.from({ length: VALUES }, (_, i) => i));
  expect(known - before).toBe(VALUES);
  expect(most, "two megabytes a turn").toBeLessThanOrEqual(3);
  expect(world.observer.violations).toEqual([]);
});
