import { DEFAULT_KEYSPACE, keyspaceId, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import { CALM_NETWORK, Caller, putRequest, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

/** Three nodes and who leads their keyspace, which has these terms; `x` is written. */
function worldUnder(defaultProfile: string): { readonly world: World; readonly leader: SimNode } {
  const options = { ...DEFAULT_OPTIONS, defaultProfile };
  const world = new World({ seed: 5n, nodes: 3, network: CALM_NETWORK, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(1000);
  const leader = world.leader();
  if (leader === null) throw new RangeError("nobody leads");
  expect(new Caller(world).put(leader, "x", "old")).toMatchObject({ ok: true });
  return { world, leader };
}

function othersOf(world: World, leader: SimNode): readonly [SimNode, SimNode] {
  const [one, two] = world.nodes.filter((node) => node !== leader);
  if (one === undefined || two === undefined) throw new RangeError("a world of three was made");
  return [one, two];
}

function command(world: World, node: SimNode, asked: SystemCommand): void {
  const { kind, body } = encodeSystemCommand(asked);
  const answer = new Caller(world).request(node, kind, body, null, SYSTEM_KEYSPACE);
  expect(answer).toMatchObject({ ok: true });
}

it.each(["etcd", "chubby"])("%s, reads=lease: a leader's reads cost no message", (profile) => {
  /** Messages that go out between the call and its answer, over ten reads. */
  const messages = (reads: string): number => {
    const { world, leader } = worldUnder(`${profile}${reads}`);
    let sent = 0;
    for (let i = 0; i < 10; i++) {
      const before = world.network.counts.sent;
      expect(new Caller(world).get(leader, "x")).toEqual({ value: "old" });
      sent += world.network.counts.sent - before;
      world.run(7);
    }
    return sent;
  };
  expect(messages("+reads=lease")).toBe(0);
  expect(messages("")).toBeGreaterThan(0);
});

it("reads=local: who is cut off goes on answering, with what it has; switched on and off while it serves", () => {
  const { world, leader } = worldUnder("etcd");
  const [cut, other] = othersOf(world, leader);
  const reads = (from: string, to: string): void =>
    command(world, leader, { type: "changeProfile", name: "default", from, to });
  reads("etcd", "etcd+reads=local");
  world.run(500);
  world.partition([cut], [leader, other]);
  new Caller(world).put(leader, "x", "new");
  expect(new Caller(world, 500).get(cut, "x")).toEqual({ value: "old" });
  world.heal();
  world.run(2000);
  reads("etcd+reads=local", "etcd");
  world.run(500);
  world.partition([cut], [leader, other]);
  expect(new Caller(world, 500).get(cut, "x")).toMatchObject({ ok: false });
});

it("mysql: a write waits for as many secondaries as were chosen", () => {
  const putWithOneAway = (profile: string): unknown => {
    const { world, leader } = worldUnder(profile);
    othersOf(world, leader)[0].crash(false);
    return new Caller(world, 3000).put(leader, "x", "new");
  };
  expect(putWithOneAway("mysql")).toMatchObject({ ok: true });
  expect(putWithOneAway("mysql+sync=2")).toMatchObject({ ok: false, code: "Timeout" });
});

it("replicas on some members: the others hold nothing of the keyspace, and say who does", () => {
  const { world, leader } = worldUnder("etcd");
  const [one, without] = othersOf(world, leader);
  const replicas = [leader.id, one.id].sort((a, b) => (a < b ? -1 : 1));
  const terms = { profile: "etcd", fixed: true, office: false, replicas };
  command(world, leader, { type: "createKeyspace", name: "pair", ...terms });
  const pair = keyspaceId(2);
  expect(world.until(() => world.leader(pair) !== null, 10_000)).toBe(true);
  const put = (node: SimNode): unknown =>
    new Caller(world).request(node, EtcdKind.put, putRequest("x", "1"), null, pair);
  expect(put(one)).toMatchObject({ ok: true });
  expect(without.kernel?.groupOf(pair)).toBeNull();
  expect(without.kernel?.groupOf(DEFAULT_KEYSPACE)).not.toBeNull();
  expect(put(without)).toMatchObject({
    code: "Rejected",
    message: expect.stringContaining("holds no replica of the keyspace pair: ask n"),
  });
});

it("a member whose journal is gone counts for new keyspaces once it has back what it held; what others hold is not waited for", () => {
  const { world, leader } = worldUnder("etcd");
  const [one, victim] = othersOf(world, leader);
  const create = (name: string, nodes: readonly SimNode[]): void => {
    const replicas = nodes.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
    const terms = { profile: "etcd", fixed: true, office: false, replicas };
    command(world, leader, { type: "createKeyspace", name, ...terms });
  };
  create("elsewhere", [leader, one]);
  world.run(1000);
  victim.crash(false);
  victim.disk.loseJournal();
  victim.boot();
  world.run(20_000);
  create("later", [victim]);
  expect(world.until(() => world.leader(keyspaceId(3)) === victim, 10_000)).toBe(true);
  const put = putRequest("x", "1");
  const answer = new Caller(world).request(victim, EtcdKind.put, put, null, keyspaceId(3));
  expect(answer).toMatchObject({ ok: true });
});
