import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { KeyspacesAnswer } from "../../../packages/quorate/src/cli/answers.ts";
import { TxnOutput } from "../../../packages/quorate/src/cli/outputs.ts";
import { leadByFirst, toldBy } from "../clients/battery.ts";
import { CASES } from "../clients/cases/index.ts";
import { compare, knownAs } from "../clients/compare.ts";
import { base64, call, fromBase64, type RangeAnswer, type StatusAnswer } from "../support/api.ts";
import type { Cluster } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { etcdMissing, startEtcd } from "../support/etcd-cluster.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { ServerProcess } from "../support/server-process.ts";
import { Stage } from "./processes.ts";

const PROFILES = [
  "etcd",
  "chubby",
  "zookeeper",
  "primary-sync",
  "primary-quorum",
  "mysql",
  "primary-async",
  "waro",
  "chain",
  "craq",
] as const;
type Name = (typeof PROFILES)[number];

/** From the death of whoever leads: an election, or a tenure that runs out and what follows. */
const RECOVERY_MILLIS = 20_000;
const ASK_MILLIS = 3000;
/** Of the keyspaces, at the member with the lowest port; the others' lie as far apart as their own ports. */
const FIRST_PORT = 10_000 + (process.pid % 500) * 40;

const stage = new Stage();
let cluster: Cluster;
/** The same nodes, by the ports of one keyspace. */
const exposed = new Map<Name, Cluster>();

beforeAll(async () => {
  cluster = await startQuorate();
  const nodes = await memberIds(cluster.endpoints);
  for (const [i, profile] of PROFILES.entries()) {
    const name = `in-${profile}`;
    await told("create", { name, profile });
    const { keyspaces } = await told("expose", { name, port: FIRST_PORT + i });
    const known = keyspaces.find((keyspace) => keyspace.name === name);
    const ids = await memberIds(known?.endpoints ?? []);
    const endpoints = nodes.map((id) => known?.endpoints[ids.indexOf(id)] ?? "");
    const members = cluster.members.map((member, m) => ({ ...member, client: endpoints[m] ?? "" }));
    exposed.set(profile, { ...cluster, endpoints, members });
  }
});
afterAll(async () => {
  await stage.clean();
  await cluster.stop();
});

/** Who serves at each of these: a port opens a moment after it was asked for. */
const memberIds = (endpoints: readonly string[]): Promise<readonly string[]> =>
  Promise.all(
    endpoints.map((endpoint) =>
      eventually(RECOVERY_MILLIS, `${endpoint} serves`, async () => {
        const answer = await call<StatusAnswer>(endpoint, "/maintenance/status", {}, ASK_MILLIS);
        return answer.type === "ok" ? answer.body.header.member_id : null;
      }),
    ),
  );

async function told(verb: string, body: object): Promise<z.infer<typeof KeyspacesAnswer>> {
  const answer = await call(cluster.endpoints[0] ?? "", `/keyspaces/${verb}`, body, ASK_MILLIS);
  if (answer.type !== "ok") throw new Error(`${verb} ${JSON.stringify(body)}: ${answer.why}`);
  return KeyspacesAnswer.parse(answer.body);
}

const keyspaceOf = (profile: Name): Cluster => {
  const found = exposed.get(profile);
  if (found === undefined) throw new RangeError(`${profile} is not exposed`);
  return found;
};

async function etcdctl(endpoint: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ETCDCTL_API: "3" };
  const { stdout } = await promisify(execFile)("etcdctl", ["--endpoints", endpoint, ...args], {
    env,
    timeout: 15_000,
  });
  return stdout;
}

describe.each(PROFILES)("a keyspace of profile %s on a port of its own", (profile) => {
  it.skipIf(etcdMissing() !== null)("is one for etcdctl, at every member", async () => {
    const { endpoints } = keyspaceOf(profile);
    const [one = "", two = "", three = ""] = endpoints;
    expect(endpoints).toHaveLength(3);
    expect(await etcdctl(one, "put", "k", "v")).toBe("OK\n");
    for (const endpoint of endpoints) expect(await etcdctl(endpoint, "get", "k")).toBe("k\nv\n");
    const watch = new ServerProcess("watch", "etcdctl", [
      "--endpoints",
      two,
      "watch",
      "k",
      "--rev=1",
    ]);
    await watch.line(/^PUT$/, ASK_MILLIS);
    await watch.end();
    const granted = /^lease (\w+) granted/.exec(await etcdctl(three, "lease", "grant", "600"));
    await etcdctl(two, "put", "leased", "v", `--lease=${granted?.[1]}`);
    expect(await etcdctl(one, "lease", "revoke", granted?.[1] ?? "")).toContain("revoked");
    expect(await etcdctl(three, "get", "leased")).toBe("");
  });

  it("is one for the command", async () => {
    const at = ["--endpoints", keyspaceOf(profile).endpoints.join()];
    const make = ["txn", "--if", "version(n) = 0", "--then", "put n 1", "get n", ...at];
    expect(await stage.json(TxnOutput, make)).toMatchObject({
      succeeded: true,
      responses: [{ type: "put" }, { keyValues: [{ value: "1", version: "1" }] }],
    });
  });

  it("goes on when whoever leads it is killed, and has all of it back", async () => {
    const keyspace = keyspaceOf(profile);
    const leader = await leaderOf(keyspace);
    const others = [0, 1, 2].filter((i) => i !== leader);
    await written(keyspace, leader, "before");
    await cluster.members[leader]?.process.end("SIGKILL");
    // A write of write-all waits for every replica: this one goes on when it is back (card 3).
    if (profile !== "waro") await written(keyspace, others[0] ?? 0, "without it");
    cluster.restart(leader);
    await cluster.ready();
    await written(keyspace, others[1] ?? 0, "with it");
    await written(keyspace, leader, "by it");
    for (const endpoint of keyspace.endpoints) {
      const body = { key: base64("k"), limit: 1 };
      const read = await eventually(RECOVERY_MILLIS, "a read", async () => {
        const answer = await call<RangeAnswer>(endpoint, "/kv/range", body, ASK_MILLIS);
        return answer.type === "ok" ? answer.body : null;
      });
      expect(fromBase64(read.kvs?.[0]?.value ?? "")).toBe("by it");
    }
  });
});

async function written(keyspace: Cluster, index: number, value: string): Promise<void> {
  const body = { key: base64("k"), value: base64(value) };
  await eventually(RECOVERY_MILLIS, `${value}: a write at member ${index}`, async () => {
    const answer = await call(keyspace.endpoints[index] ?? "", "/kv/put", body, ASK_MILLIS);
    return answer.type === "ok" ? true : null;
  });
}

describe.skipIf(etcdMissing() !== null)("the same answers as etcd 3.4", () => {
  let etcd: Cluster;
  beforeAll(async () => {
    etcd = await startEtcd();
    await leadByFirst(etcd);
  });
  afterAll(() => etcd.stop());

  describe.each(["chubby", "primary-sync", "chain"] as const)("under %s", (profile) => {
    beforeAll(() => leadByFirst(keyspaceOf(profile)));

    it.each(CASES)("$name", async (one) => {
      const [ours, theirs] = await Promise.all([
        toldBy(keyspaceOf(profile), one),
        toldBy(etcd, one),
      ]);
      const unknown = compare(one.name, theirs, ours).filter(
        (found) => knownAs(found) === undefined,
      );
      expect(unknown.map((found) => JSON.stringify(found)).join("\n")).toBe("");
    });
  });
});
