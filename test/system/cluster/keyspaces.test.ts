import { afterAll, beforeAll, expect, it } from "vitest";
import {
  GetOutput,
  KeyspaceOutput,
  KeyspacesOutput,
  StatusOutput,
} from "../../../packages/quorate/src/cli/outputs.ts";
import { endpointsOf, portBase, type Running, Stage } from "./processes.ts";

const stage = new Stage();
let launcher: Running;
let at: readonly string[] = [];
/** Of the first member's clients. */
let own = 0;
let exposed = 0;

beforeAll(async () => {
  const base = portBase();
  own = Number(base);
  exposed = own + 50;
  launcher = stage.launch("--port-base", base);
  at = ["--endpoints", (await endpointsOf(launcher)).join()];
});
afterAll(() => stage.clean());

it("a keyspace is created, served on a port of its own by every member, and shares nothing with the others", async () => {
  const created = ["keyspace", "create", "orders", "--profile", "etcd", ...at];
  expect(await stage.json(KeyspaceOutput, created)).toMatchObject({ name: "orders", port: null });
  const open = ["keyspace", "expose", "orders", "--etcd", String(exposed), ...at];
  const { endpoints } = await stage.json(KeyspaceOutput, open);
  expect(endpoints).toHaveLength(3);
  const there = ["--endpoints", endpoints.join()];
  await stage.run(["put", "k", "in orders", ...there]);
  await stage.run(["put", "k", "in default", ...at]);
  for (const endpoint of endpoints) {
    const seen = await stage.json(GetOutput, ["get", "k", "--endpoints", endpoint]);
    expect(seen.keyValues[0]?.value).toBe("in orders");
  }
  const status = await stage.json(StatusOutput, ["status", ...there]);
  expect(status.endpoints.map(({ healthy }) => healthy)).toContain(true);
  const { keyspaces } = await stage.json(KeyspacesOutput, ["keyspace", "list", ...at]);
  expect(keyspaces.map(({ name, profile }) => [name, profile])).toEqual([
    ["default", "etcd"],
    ["orders", "etcd"],
  ]);
});

it("what makes no sense is refused, with what would", async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { exit, err } = await stage.run(["keyspace", ...args, ...at]);
    expect(exit).toBe(1);
    return err;
  };
  expect(await refused("create", "x", "--profile", "paxos-made-up")).toContain(
    'no profile "paxos-made-up"; there are etcd',
  );
  expect(await refused("create", "orders", "--profile", "etcd")).toContain("exists already");
  expect(await refused("expose", "nobody", "--etcd", "2479")).toContain("no keyspace nobody");
  // The members share a host, ten thousand ports apart.
  expect(await refused("expose", "orders", "--etcd", "65500")).toContain("take a lower one");
  expect(await refused("drop", "default", "--yes")).toContain("default stays");
  expect(await refused("explain", "nobody")).toContain("there are default, orders");
});

it("replicas on some members: those alone serve it", async () => {
  const made = ["keyspace", "create", "pair", "--profile", "mysql", "--replicas", "n1,n3", ...at];
  const { replicas } = await stage.json(KeyspaceOutput, made);
  expect(replicas).toHaveLength(2);
  const open = ["keyspace", "expose", "pair", "--etcd", String(exposed + 20), ...at];
  const { endpoints } = await stage.json(KeyspaceOutput, open);
  expect(endpoints).toHaveLength(2);
  const there = ["--endpoints", endpoints.join()];
  expect((await stage.run(["put", "k", "v", ...there])).exit).toBe(0);
  for (const endpoint of endpoints) {
    const seen = await stage.json(GetOutput, ["get", "k", "--endpoints", endpoint]);
    expect(seen.keyValues[0]?.value).toBe("v");
  }
  await stage.run(["keyspace", "drop", "pair", "--yes", ...at]);
});

it("lease reads, through every member", async () => {
  const made = ["keyspace", "create", "leased", "--profile", "etcd", "--reads", "lease", ...at];
  expect((await stage.json(KeyspaceOutput, made)).profile).toBe("etcd+reads=lease");
  const open = ["keyspace", "expose", "leased", "--etcd", String(exposed + 30), ...at];
  const { endpoints } = await stage.json(KeyspaceOutput, open);
  for (const [i, endpoint] of endpoints.entries()) {
    await stage.run(["put", "k", `v${i}`, "--endpoints", endpoint]);
    for (const other of endpoints) {
      const seen = await stage.json(GetOutput, ["get", "k", "--endpoints", other]);
      expect(seen.keyValues[0]?.value).toBe(`v${i}`);
    }
  }
  await stage.run(["keyspace", "drop", "leased", "--yes", ...at]);
});

it("PA-1: secondaries that ask every 100 ms have what was written, and answer writers and readers when they do", async () => {
  const made = ["keyspace", "create", "pulled", "--profile", "primary-async", "--pull", "100"];
  const { profile } = await stage.json(KeyspaceOutput, [...made, ...at]);
  expect(profile).toBe("primary-async+pull=100");
  const { out } = await stage.run(["keyspace", "explain", "pulled", ...at]);
  expect(out).toContain("what is new every 100 ms");
  const open = ["keyspace", "expose", "pulled", "--etcd", String(exposed + 40), ...at];
  const { endpoints } = await stage.json(KeyspaceOutput, open);
  for (const [i, endpoint] of endpoints.entries()) {
    expect((await stage.run(["put", "k", `v${i}`, "--endpoints", endpoint])).exit).toBe(0);
    for (const other of endpoints) {
      const seen = await stage.json(GetOutput, ["get", "k", "--endpoints", other]);
      expect(seen.keyValues[0]?.value).toBe(`v${i}`);
    }
  }
  await stage.run(["keyspace", "drop", "pulled", "--yes", ...at]);
});

it("terms: chosen at the creation, changed while it serves where that is safe, refused with the reason where not", async () => {
  const create = ["keyspace", "create", "strict", "--profile", "mysql", "--sync", "2", ...at];
  expect((await stage.json(KeyspaceOutput, create)).profile).toBe("mysql+sync=2");
  const { out } = await stage.run(["keyspace", "explain", "strict", ...at]);
  expect(out).toContain("acknowledged when 2 secondaries hold it");
  const set = ["keyspace", "set", "strict", ...at, "--reads", "local"];
  expect((await stage.json(KeyspaceOutput, set)).profile).toBe("mysql+sync=2+reads=local");
  const wish = ["keyspace", "set", "strict", ...at, "--loss", "wait", "--prefer", "n2"];
  expect((await stage.json(KeyspaceOutput, wish)).profile).toMatch(
    /^mysql\+sync=2\+reads=local\+loss=wait\+prefer=\d+$/,
  );
  expect((await stage.run(["keyspace", "explain", "strict", ...at])).out).toContain("is to lead");
  const none = ["keyspace", "set", "strict", ...at, "--loss", "promote", "--prefer", "none"];
  expect((await stage.json(KeyspaceOutput, none)).profile).toBe("mysql+sync=2+reads=local");
  for (const [asked, why] of [
    [["set", "strict", "--prefer", "nobody"], "has a replica of this keyspace"],
    [["set", "strict", "--loss", "shrug"], "wait or promote"],
    [["set", "default", "--loss", "wait"], "there is nothing to choose"],
    [["set", "strict", "--sync", "1"], "appointing the next primary relies on"],
    [["set", "strict", "--replicas", "2"], "those it was created with"],
    [["set", "default", "--replicas", "2"], "add or remove members"],
    [["set", "default", "--reads", "lease"], "a lease binds replicas"],
    [["set", "strict", "--reads", "fresh"], "there are linearizable, lease, local"],
    [["create", "x", "--profile", "mysql", "--sync", "3"], "1 to 2 secondaries, not 3"],
    [["create", "x", "--profile", "etcd", "--sync", "1"], "take primary-quorum or mysql"],
    [["create", "x", "--profile", "zookeeper", "--reads", "lease"], "no leases"],
    [["create", "x", "--profile", "mysql", "--pull", "500"], "only those of primary-async"],
    [
      ["create", "x", "--profile", "primary-async", "--pull", "9"],
      "every 10 to 10000 milliseconds",
    ],
    [["create", "x", "--profile", "primary-async", "--pull", "1s"], "how many milliseconds"],
    [["set", "strict", "--pull", "500"], "for life"],
    [["create", "x", "--profile", "primary-sync", "--loss", "wait"], "there is nothing to choose"],
    [["create", "two words", "--profile", "etcd"], "printable ASCII"],
    [["create", "Ŧ", "--profile", "etcd"], "printable ASCII"],
    [["expose", "strict", "--etcd", String(own)], "members themselves listen on"],
    [["expose", "strict", "--etcd", String(own + 1)], "members themselves listen on"],
    [["create", "x", "--profile", "etcd", "--replicas", "9"], "3 voting members"],
    [["create", "x", "--profile", "etcd", "--replicas", "n1,nobody"], 'no voting member "nobody"'],
  ] as const) {
    const { exit, err } = await stage.run(["keyspace", ...asked, ...at]);
    expect([exit, err]).toEqual([1, expect.stringContaining(why)]);
  }
  await stage.run(["keyspace", "drop", "strict", "--yes", ...at]);
});

it("explains in plain words what a keyspace promises, costs and loses", async () => {
  const { out } = await stage.run(["keyspace", "explain", "default", ...at]);
  expect(out).toMatch(/^etcd: Raft/);
  expect(out).toContain("1 of 3 replicas may fail");
});

it("a dropped keyspace is gone on every member, its port too, and its name may be used again", async () => {
  const moved = ["keyspace", "expose", "orders", "--etcd", String(exposed + 1), ...at];
  const { endpoints } = await stage.json(KeyspaceOutput, moved);
  await stage.run(["keyspace", "drop", "orders", "--yes", ...at]);
  const gone = await stage.run(["get", "k", "--endpoints", endpoints.join(), "--timeout", "1000"]);
  expect(gone.exit).toBe(1);
  await stage.run(["keyspace", "create", "orders", "--profile", "etcd", ...at]);
  const { keyspaces } = await stage.json(KeyspacesOutput, ["keyspace", "list", ...at]);
  expect(keyspaces.map(({ name }) => name)).toEqual(["default", "orders"]);
});
