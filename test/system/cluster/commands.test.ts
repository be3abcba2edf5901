import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DelOutput,
  GetOutput,
  LeaseListOutput,
  LeaseOutput,
  LeaseRevokeOutput,
  LeaseTimeToLiveOutput,
  MemberOutput,
  MembersOutput,
  PutOutput,
  StatusOutput,
  TxnOutput,
  WatchOutput,
} from "../../../packages/quorate/src/cli/outputs.ts";
import { endpointsOf, freePort, portBase, type Running, Stage } from "./processes.ts";

const stage = new Stage();
let launcher: Running;
let endpoints: readonly string[] = [];
let at: readonly string[] = [];

beforeAll(async () => {
  launcher = stage.launch("--port-base", portBase());
  endpoints = await endpointsOf(launcher);
  at = ["--endpoints", endpoints.join()];
});
afterAll(() => stage.clean());

describe("keys", () => {
  it("put, get and del print their schemas", async () => {
    const put = await stage.json(PutOutput, ["put", "a/1", "eins", "--previous", ...at]);
    expect(put.previous).toBeNull();
    await stage.json(PutOutput, ["put", "a/2", "zwei", ...at]);
    const got = await stage.json(GetOutput, ["get", "--prefix", "a/", "--limit", "1", ...at]);
    expect(got).toMatchObject({
      count: "2",
      more: true,
      keyValues: [{ key: "a/1", value: "eins", version: "1" }],
    });
    const before = await stage.json(GetOutput, ["get", "a/2", "--revision", put.revision, ...at]);
    expect(before.keyValues).toEqual([]);
    const del = await stage.json(DelOutput, ["del", "--prefix", "a/", "--previous", ...at]);
    expect(del).toMatchObject({ deleted: "2", previous: [{ value: "eins" }, { value: "zwei" }] });
  });

  it("put takes a value from stdin", async () => {
    await stage.run(["put", "s", "-", ...at], "two\nlines");
    expect((await stage.json(GetOutput, ["get", "s", ...at])).keyValues[0]?.value).toBe(
      "two\nlines",
    );
  });

  it("a table has a line per key, with what would break it escaped", async () => {
    await stage.run(["put", "t", "x\ny", ...at]);
    const { out } = await stage.run(["get", "t", ...at]);
    expect(out).toMatch(/^KEY +VALUE +VERSION +REVISION +LEASE\nt +x\\ny +1 +\d+\n$/);
  });

  it("txn does the one or the other", async () => {
    await stage.run(["put", "n", "1", ...at]);
    const swap = [
      "txn",
      "--if",
      "value(n) = 1",
      "--then",
      "put n 2",
      "get n",
      "--else",
      "del n",
      ...at,
    ];
    expect(await stage.json(TxnOutput, swap)).toMatchObject({
      succeeded: true,
      responses: [{ type: "put" }, { type: "get", keyValues: [{ value: "2" }] }],
    });
    expect(await stage.json(TxnOutput, swap)).toMatchObject({
      succeeded: false,
      responses: [{ type: "del", deleted: "1" }],
    });
  });
});

describe("watch", () => {
  it("prints events as JSON lines and ends after so many", async () => {
    const watch = stage.command(["watch", "--prefix", "w/", "--events", "2", "--json", ...at]);
    await watch.says(/watching at/);
    await stage.run(["put", "w/1", "x", ...at]);
    await stage.run(["del", "w/1", ...at]);
    const { exit, out } = await watch.ends();
    expect(exit).toBe(0);
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => WatchOutput.parse(JSON.parse(line)));
    expect(events).toMatchObject([
      { type: "put", keyValue: { key: "w/1", value: "x" } },
      { type: "delete", keyValue: { key: "w/1" } },
    ]);
  });

  it("ends with exit 0 on Ctrl-C", async () => {
    const watch = stage.command(["watch", "w", ...at]);
    await watch.says(/watching at/);
    watch.signal("SIGINT");
    expect(await watch.ends()).toMatchObject({ exit: 0, out: "" });
  });
});

describe("leases", () => {
  it("are granted, attached to keys, kept, shown and revoked", async () => {
    const lease = await stage.json(LeaseOutput, [
      "lease",
      "grant",
      "60",
      "--id",
      "9223372036854775807",
      ...at,
    ]);
    expect(lease).toEqual({ id: "9223372036854775807", ttlSeconds: "60" });
    await stage.json(PutOutput, ["put", "leased", "x", "--lease", lease.id, ...at]);
    const left = await stage.json(LeaseTimeToLiveOutput, [
      "lease",
      "timetolive",
      lease.id,
      "--keys",
      ...at,
    ]);
    expect(left).toMatchObject({ grantedSeconds: "60", keys: [{ key: "leased" }] });
    await stage.json(LeaseOutput, ["lease", "keep-alive", lease.id, "--once", ...at]);
    expect((await stage.json(LeaseListOutput, ["lease", "list", ...at])).leases).toContain(
      lease.id,
    );
    await stage.json(LeaseRevokeOutput, ["lease", "revoke", lease.id, ...at]);
    expect((await stage.json(GetOutput, ["get", "leased", ...at])).keyValues).toEqual([]);
  });

  it("of an unknown id is refused: exit 1", async () => {
    const { exit, err } = await stage.run(["lease", "revoke", "77", ...at]);
    expect(err).toContain("requested lease not found");
    expect(exit).toBe(1);
    expect(await stage.run(["lease", "keep-alive", "77", "--once", ...at])).toMatchObject({
      exit: 1,
    });
  });
});

describe("status", () => {
  it("shows every member, one of them the leader, even where only one endpoint is named", async () => {
    const [one = ""] = endpoints;
    const { endpoints: rows } = await stage.json(StatusOutput, ["status", "--endpoints", one]);
    expect(rows.map(({ name }) => name).sort()).toEqual(["n1", "n2", "n3"]);
    expect(rows.filter(({ role }) => role === "leader")).toHaveLength(1);
    expect(rows.every(({ healthy }) => healthy)).toBe(true);
    expect(new Set(rows.map(({ leader }) => leader)).size).toBe(1);
  });

  it("where nobody answers is exit 1, and still prints", async () => {
    const { exit, out } = await stage.run([
      "status",
      "--endpoints",
      `127.0.0.1:${await freePort()}`,
    ]);
    expect(out).toContain("unreachable");
    expect(exit).toBe(1);
  });
});

describe("members", () => {
  it("a fourth is added, joins, is promoted, serves, and is removed", async () => {
    const [client, peer] = [await freePort(), await freePort()];
    const added = await stage.json(MemberOutput, [
      "member",
      "add",
      `127.0.0.1:${peer}`,
      "--learner",
      ...at,
    ]);
    expect(added).toMatchObject({ name: "", learner: true });

    const [first = ""] = endpoints;
    const firstPeer = `127.0.0.1:${Number(first.split(":")[1]) + 1}`;
    const settings = {
      name: "n4",
      "data-dir": `${stage.directory}/n4`,
      join: firstPeer,
      "listen-client-urls": `http://127.0.0.1:${client}`,
      "listen-peer-urls": `http://127.0.0.1:${peer}`,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const fourth = stage.node([...flags, "--learner"]);
    await fourth.says(/^cluster ready$/m);
    await fourth.says(new RegExp(`id ${added.id}`));

    await stage.json(MemberOutput, ["member", "promote", "n4", ...at]);
    const { members } = await stage.json(MembersOutput, ["member", "list", ...at]);
    expect(members.find(({ name }) => name === "n4")).toMatchObject({
      id: added.id,
      learner: false,
    });
    await stage.run(["put", "four", "4", ...at]);
    const through = ["get", "four", "--endpoints", `127.0.0.1:${client}`];
    expect((await stage.json(GetOutput, through)).keyValues[0]?.value).toBe("4");

    await stage.json(MemberOutput, ["member", "remove", "n4", ...at]);
    const after = await stage.json(MembersOutput, ["member", "list", ...at]);
    expect(after.members.map(({ name }) => name).sort()).toEqual(["n1", "n2", "n3"]);
    fourth.signal("SIGTERM");
    expect(await fourth.ends()).toMatchObject({ exit: 0 });
  });

  it("one that is not there is refused with the names that are", async () => {
    const { exit, err } = await stage.run(["member", "remove", "n9", ...at]);
    expect(err).toMatch(/there is no member n9; there are .*n1/);
    expect(exit).toBe(1);
  });
});

describe("without a majority", () => {
  it("no write is acknowledged: exit 1 if it certainly was not done, 3 if nobody knows", async () => {
    const pids = [...launcher.out.matchAll(/process (\d+)/g)].map((match) => Number(match[1]));
    for (const victim of [1, 2]) {
      process.kill(pids[victim] ?? 0, "SIGKILL");
      await launcher.says(new RegExp(`n${victim + 1} ended by SIGKILL`));
    }
    const put = await stage.run(["put", "k", "v", "--endpoints", endpoints[0] ?? ""]);
    expect(put.out).toBe("");
    expect(put.exit).toBe(put.err.includes("the outcome is unknown") ? 3 : 1);
  });
});
