import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { failureOf } from "../../src/cli/endpoints.ts";
import { ConfigShowOutput } from "../../src/cli/outputs.ts";
import { run } from "./run.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A client port that answers everything alike. */
async function answering(status: number, body: object): Promise<string> {
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port that accepts, takes the request, and hangs up. */
async function hangingUp(): Promise<string> {
  const server = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Nobody listens there: the port was had and given back. */
async function nobody(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe("usage", () => {
  it.each([
    [["gett"], "Did you mean get?"],
    [["put", "k"], "missing required argument 'value'"],
    [["get", "k", "--limit", "many"], "it must be a whole number"],
    [["get", "k", "m", "--prefix"], "exclude each other"],
    [["get", "k", "--endpoints", "nowhere"], "is no endpoint"],
    [["lease", "revoke", "x"], "it must be a decimal number"],
    [["lease", "revoke", "9223372036854775808"], "at most 9223372036854775807"],
    [["lease", "grant", "60", "--id", "99999999999999999999"], "at most 9223372036854775807"],
    [["put", "k", "v", "--lease", "18446744073709551616"], "at most 9223372036854775807"],
    [["lease", "timetolive", "100000000000000000000"], "at most 9223372036854775807"],
    [["start", "--datadir", "x"], "--data-dir"],
    [["start", "--snapshot-count", "1"], "must be an integer from 100"],
    [["config", "explain", "snapshotcount"], "did you mean snapshot-count?"],
    [["completion", "tcsh"], "bash, zsh or fish"],
    [["txn", "--if", "k"], "is no comparison"],
  ])("%j is refused with exit 2 and a hint", async (args, hint) => {
    const { exit, out, err } = await run(args);
    expect(err).toContain(hint);
    expect(exit).toBe(2);
    expect(out).toBe("");
  });

  it("help goes to stdout with examples, and is no failure", async () => {
    const { exit, out } = await run(["put", "-h"]);
    expect(exit).toBe(0);
    expect(out).toContain("Examples:\n  quorate put greeting hello");
  });
});

describe("what an end without success means", () => {
  it("a write whose connection broke has an unknown outcome: exit 3", async () => {
    const { exit, err } = await run(["put", "k", "v", "--endpoints", await hangingUp()]);
    expect(err).toContain("the outcome is unknown");
    expect(exit).toBe(3);
  });

  it("a write that timed out in the cluster has an unknown outcome, and is not sent elsewhere", async () => {
    const slow = await answering(503, { code: 14, message: "etcdserver: request timed out" });
    const other = await answering(200, { header: { revision: "2" } });
    expect(await run(["put", "k", "v", "--endpoints", `${slow},${other}`])).toMatchObject({
      exit: 3,
      out: "",
    });
  });

  it.each(["0", "77"])("the time of lease %s, which does not exist, is exit 1", async (id) => {
    const member = await answering(200, { header: { revision: "1" }, ID: id, TTL: "-1" });
    for (const json of [[], ["--json"]]) {
      const args = ["lease", "timetolive", id, "--endpoints", member, ...json];
      const { exit, out, err } = await run(args);
      expect(err).toContain(`there is no lease ${id}`);
      expect({ exit, out }).toEqual({ exit: 1, out: "" });
    }
  });

  it("a read that timed out is asked elsewhere", async () => {
    const slow = await answering(503, { code: 14, message: "etcdserver: request timed out" });
    const other = await answering(200, { header: { revision: "2" }, count: "0" });
    expect(await run(["get", "k", "--endpoints", `${slow},${other}`])).toMatchObject({ exit: 0 });
  });

  it("a write that was certainly not done is sent to the next endpoint", async () => {
    const leaderless = await answering(503, { code: 14, message: "etcdserver: no leader" });
    const other = await answering(200, { header: { revision: "7" } });
    const endpoints = [await nobody(), leaderless, other].join();
    const { exit, out } = await run(["put", "k", "v"], { QUORATE_ENDPOINTS: endpoints });
    expect({ exit, out }).toEqual({ exit: 0, out: "revision 7\n" });
  });

  it("a refusal is exit 1 with the API's words, at once", async () => {
    const refusing = await answering(400, { code: 3, message: "etcdserver: key is not provided" });
    const { exit, err } = await run([
      "put",
      "",
      "v",
      "--endpoints",
      `${refusing},${await nobody()}`,
    ]);
    expect(err).toContain("etcdserver: key is not provided");
    expect(exit).toBe(1);
  });

  it("where nobody listens every endpoint is named: exit 1", async () => {
    const [one, two] = [await nobody(), await nobody()];
    const { exit, err } = await run(["put", "k", "v", "--endpoints", `${one},${two}`]);
    expect(exit).toBe(1);
    expect(err).toContain(one);
    expect(err).toContain(two);
  });

  it("an answer that is no JSON is told from a refusal", async () => {
    const server = createServer((_, response) => response.end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => server.close());
    const { err } = await run([
      "get",
      "k",
      "--endpoints",
      `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ]);
    expect(err).toContain("is this a client port?");
  });

  it.each([
    [4, "context deadline exceeded", false],
    [14, "etcdserver: leader changed", false],
    [14, "etcdserver: server stopped", true],
    [8, "etcdserver: too many requests", true],
  ])("code %i with %j is definite: %s", (code, message, definite) => {
    expect(failureOf(code, message)).toMatchObject({ definite });
  });

  it("a refused member change says in plain words what to do", async () => {
    const message = "etcdserver: re-configuration failed due to not enough started members";
    const refusing = await answering(500, { code: 2, message });
    const { exit, err } = await run(["member", "add", "h:1", "--endpoints", refusing]);
    expect(err).toContain("start the missing ones");
    expect(exit).toBe(1);
  });
});

describe("config", () => {
  it("show tells value and source, also as JSON", async () => {
    const directory = mkdtempSync(join(tmpdir(), "quorate-config-"));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "c.json");
    writeFileSync(file, '{"name": "fromfile", "snapshot-count": 500}');
    const args = ["config", "show", "--config", file, "--snapshot-count", "700", "--json"];
    const { exit, out } = await run(args, { QUORATE_LOG_LEVEL: "warn" });
    expect(exit).toBe(0);
    const shown = ConfigShowOutput.parse(JSON.parse(out));
    expect(shown).toMatchObject({
      name: { value: "fromfile", source: "file" },
      "snapshot-count": { value: 700, source: "flag" },
      "log-level": { value: "warn", source: "environment" },
      "election-timeout": { value: 1000, source: "default" },
    });
  });

  it("a named file that is not there is an error", async () => {
    expect(await run(["config", "show", "--config", "/nowhere/c.json"])).toMatchObject({ exit: 2 });
  });

  it("schema is JSON", async () => {
    expect(JSON.parse((await run(["config", "schema"])).out)).toHaveProperty("properties");
  });
});

describe("completion", () => {
  it.each(["bash", "zsh", "fish"])("for %s knows the commands and their options", async (shell) => {
    const { exit, out } = await run(["completion", shell]);
    expect(exit).toBe(0);
    for (const word of ["timetolive", "promote", "value-only", "initial-cluster-token"])
      expect(out).toContain(word);
  });
});
