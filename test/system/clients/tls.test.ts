import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../cluster/processes.ts";
import { eventually } from "../support/deadline.ts";
import { command, TlsCluster } from "./tls-cluster.ts";

let cluster: TlsCluster;

beforeAll(async () => {
  cluster = await TlsCluster.start();
});
afterAll(() => cluster.clean());

const etcdctl = (...args: readonly string[]) =>
  command("etcdctl", ["--endpoints", cluster.endpoints, ...cluster.flags, ...args]);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("clients that know nothing of Quorate, with certificates", () => {
  it("etcdctl puts, gets and lists at every node, whichever speaks HTTP/2 there", async () => {
    expect(await etcdctl("put", "greeting", "hello")).toMatchObject({ exit: 0, out: "OK\n" });
    for (const { client } of cluster.nodes) {
      const at = ["--endpoints", `https://127.0.0.1:${client}`, ...cluster.flags];
      const got = await command("etcdctl", [...at, "get", "greeting"]);
      expect(got).toMatchObject({ exit: 0, out: "greeting\nhello\n" });
    }
    const { out: members } = await etcdctl("member", "list");
    for (const { name, client, peer } of cluster.nodes)
      expect(members).toContain(`${name}, https://127.0.0.1:${peer}, https://127.0.0.1:${client}`);
    // As the members advertise themselves: with https, or etcdctl would speak plain text to them.
    const { exit, out, err } = await etcdctl("endpoint", "health", "--cluster");
    expect(`${out}${err}`.match(/is healthy/g)).toHaveLength(3);
    expect(exit).toBe(0);
  });

  it.each(["--http1.1", "--http2"])("curl %s gets JSON, health and metrics", async (version) => {
    for (const { client } of cluster.nodes) {
      const at = (path: string): string[] => [`https://127.0.0.1:${client}${path}`];
      const curl = (...args: readonly string[]) =>
        command("curl", ["-sS", version, "--max-time", "10", ...cluster.flags, ...args]);
      const { out } = await curl(
        ...at("/v3/kv/range"),
        "-d",
        JSON.stringify({ key: base64("greeting") }),
      );
      expect(out).toContain(base64("hello"));
      expect((await curl(...at("/health"))).out).toContain('"health":"true"');
      expect((await curl(...at("/metrics"))).out).toContain("etcd_server_has_leader 1");
    }
  });

  it("the npm client of etcd puts and watches", async () => {
    const { ca, cert, key } = cluster.credentials;
    const client = new Etcd3({
      hosts: cluster.endpoints.split(","),
      credentials: {
        rootCertificate: Buffer.from(ca),
        certChain: Buffer.from(cert),
        privateKey: Buffer.from(key),
      },
    });
    const watcher = await client.watch().prefix("npm/").create();
    const seen = new Promise<string>((resolve) => {
      watcher.on("put", (kv) => resolve(kv.value.toString()));
    });
    await client.put("npm/a").value("secret");
    expect(await seen).toBe("secret");
    expect(await client.get("npm/a").string()).toBe("secret");
    client.close();
  });

  it("`quorate` takes certificates by flags and by environment, and endpoints with a scheme or without", async () => {
    const { client } = cluster.node(0);
    for (const endpoint of [`https://127.0.0.1:${client}`, `127.0.0.1:${client}`]) {
      const { exit, out } = await cluster.stage.run([
        "get",
        "greeting",
        "--value-only",
        "--endpoints",
        endpoint,
        ...cluster.flags,
      ]);
      expect({ exit, out }).toEqual({ exit: 0, out: "hello\n" });
    }
    const unchecked = ["--insecure-skip-tls-verify", ...cluster.flags.slice(2)];
    const at = ["--endpoints", `https://127.0.0.1:${client}`];
    expect(await cluster.stage.run(["get", "greeting", ...at, ...unchecked])).toMatchObject({
      exit: 0,
    });
    const watch = cluster.stage.command(["watch", "w", "--events", "1", ...at, ...cluster.flags]);
    await watch.says(/watching at/);
    await etcdctl("put", "w", "1");
    expect(await watch.ends()).toMatchObject({ exit: 0 });
  });
});

/** How many connections a node has refused for that reason. */
async function refused(index: number, reason: string): Promise<number> {
  const text = await cluster.request(cluster.node(index), "/metrics", null);
  const line = new RegExp(
    `^quorate_client_connections_refused_total\\{reason="${reason}"\\} (\\d+)$`,
    "m",
  );
  return Number(line.exec(text)?.[1] ?? 0);
}

describe("a client is refused", () => {
  const at = (index: number): string => `https://127.0.0.1:${cluster.node(index).client}`;
  const cacert = (): readonly string[] => ["--cacert", cluster.path("ca/ca.crt")];

  it("without a certificate, and counted", async () => {
    const before = await refused(0, "unauthorized");
    const put = ["--endpoints", at(0), ...cacert(), "--command-timeout", "2s", "put", "k", "v"];
    expect((await command("etcdctl", put)).exit).not.toBe(0);
    expect((await command("curl", ["-sS", ...cacert(), `${at(0)}/health`])).exit).not.toBe(0);
    const { exit, err } = await cluster.stage.run([
      "put",
      "k",
      "v",
      "--endpoints",
      at(0),
      ...cacert(),
    ]);
    expect(err).toContain("it asks for a certificate: give --cert and --key");
    expect(exit).toBe(1);
    expect(await refused(0, "unauthorized")).toBeGreaterThanOrEqual(before + 3);
  });

  it("with a certificate of another authority", async () => {
    const [cert, key] = [
      cluster.path("clients/other-app.crt"),
      cluster.path("clients/other-app.key"),
    ];
    for (const index of [0, 2]) {
      const before = await refused(index, "unauthorized");
      const curl = await command("curl", [
        "-sS",
        ...cacert(),
        "--cert",
        cert,
        "--key",
        key,
        `${at(index)}/health`,
      ]);
      expect(curl.exit).not.toBe(0);
      expect(await refused(index, "unauthorized")).toBe(before + 1);
    }
  });

  it("that does not trust the node, by itself, and is told what to do", async () => {
    const { exit, err } = await cluster.stage.run(["put", "k", "v", "--endpoints", at(0)]);
    expect(err).toContain("of no authority that is trusted");
    expect(err).toContain("give the authority that signed it as --cacert");
    expect(exit).toBe(1);
  });

  it("in plain text, and counted", async () => {
    for (const index of [0, 2]) {
      const before = await refused(index, "plain_text");
      const url = at(index).replace("https", "http");
      expect((await command("curl", ["-sS", "--max-time", "10", `${url}/health`])).exit).not.toBe(
        0,
      );
      const put = ["--endpoints", url, "--command-timeout", "2s", "put", "k", "v"];
      expect((await command("etcdctl", put)).exit).not.toBe(0);
      expect(await refused(index, "plain_text")).toBeGreaterThanOrEqual(before + 2);
    }
  });
});

describe("a peer is refused", () => {
  it.each([
    ["with a certificate of another authority", "other-ca"],
    ["with a client's authority's certificate", "ca"],
  ])("%s: it is not let in, and both sides say why", async (_, authority) => {
    const name = `stranger-${authority}`;
    const place = {
      name,
      client: await freePort(),
      peer: await freePort(),
      directory: cluster.path(name),
    };
    await cluster.certify(name, "ca", place.directory);
    await cluster.certify(name, authority, join(place.directory, "peer"));
    // It trusts the members, so that it is they who refuse.
    copyFileSync(cluster.path("peer-ca/ca.crt"), join(place.directory, "peer/ca.crt"));
    const member = cluster.node(0);
    const stranger = cluster.stage.node([
      ...cluster.flagsOf(place),
      "--join",
      `https://127.0.0.1:${member.peer}`,
    ]);
    await stranger.says(/not let in yet/);
    await member.running.says(/a caller's TLS was refused/);
    stranger.signal("SIGTERM");
    await stranger.ends();
    expect((await etcdctl("member", "list")).out).not.toContain(name);
  });

  it("in plain text", async () => {
    const { peer } = cluster.node(1);
    const socket = net.connect({ host: "127.0.0.1", port: peer });
    const gone = new Promise((resolve) => void socket.on("close", resolve));
    socket.on("error", () => {});
    socket.write("hello");
    await gone;
  });
});

describe("a start is refused", () => {
  it("with a certificate file that is not there, and with a key that does not fit: exit 1, and nothing is left", async () => {
    const place = {
      name: "n9",
      client: await freePort(),
      peer: await freePort(),
      directory: cluster.path("n9"),
    };
    await cluster.certify("n9", "ca", place.directory);
    await cluster.certify("n9", "peer-ca", join(place.directory, "peer"));
    renameSync(join(place.directory, "n9.key"), join(place.directory, "aside"));
    const missing = await cluster.stage.node(cluster.flagsOf(place)).ends();
    expect(missing.err).toMatch(/key-file .*n9\.key cannot be read: there is no such file/);
    expect(missing.exit).toBe(1);
    copyFileSync(cluster.path("n1/n1.key"), join(place.directory, "n9.key"));
    const unfit = await cluster.stage.node(cluster.flagsOf(place)).ends();
    expect(unfit.err).toMatch(/is not the key of the certificate in cert-file/);
    expect(unfit.exit).toBe(1);
    expect(() => readFileSync(join(place.directory, "data/node.json"))).toThrow("ENOENT");
  });
});

/** Puts without end, each checked; what they did is asked for when it is enough. */
class Load {
  readonly #failures: string[] = [];
  readonly #agents: https.Agent[] = [];
  readonly #workers: Promise<void>[];
  done = 0;
  #stopped = false;

  /** At each node one that keeps its connection, and one that makes a new one for each call. */
  constructor() {
    this.#workers = cluster.nodes.flatMap((_, i) => {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      this.#agents.push(agent);
      return [this.#work(i, agent), this.#work(i, false)];
    });
  }

  /** Resolves when so many more calls have been answered. */
  async more(calls: number): Promise<void> {
    const enough = this.done + calls;
    await eventually(60_000, `${calls} more calls`, () =>
      Promise.resolve(this.done >= enough || this.#failures.length > 0 ? true : null),
    );
  }

  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    for (const agent of this.#agents) agent.destroy();
    return this.#failures;
  }

  async #work(index: number, agent: https.Agent | false): Promise<void> {
    const key = base64(`load/${index}/${agent === false}`);
    while (!this.#stopped) {
      try {
        const body = { key, value: base64(String(this.done)) };
        await cluster.request(cluster.node(index), "/v3/kv/put", body, agent);
        this.done++;
      } catch (error) {
        this.#failures.push(`node ${index}: ${String(error)}`);
        return;
      }
    }
  }
}

describe("certificates are renewed while the cluster runs", () => {
  const renew = async (
    index: number,
    authority: string,
    sub: string,
  ): Promise<[string, string]> => {
    const { name, directory } = cluster.node(index);
    const fresh = cluster.path("renewed");
    rmSync(fresh, { recursive: true, force: true });
    await cluster.certify(name, authority, fresh);
    // One after the other, as tools do: between the two no pair fits.
    copyFileSync(join(fresh, `${name}.crt`), join(directory, sub, `${name}.crt`));
    copyFileSync(join(fresh, `${name}.key`), join(directory, sub, `${name}.key`));
    const serial = await cluster.serialOf(join(fresh, `${name}.crt`));
    return [serial, join(directory, sub)];
  };

  it("on SIGHUP, for clients, under load, without a failed call", async () => {
    const load = new Load();
    await load.more(50);
    for (const [index, node] of cluster.nodes.entries()) {
      const before = await cluster.shownBy(node.client);
      const [serial] = await renew(index, "ca", "");
      node.running.signal("SIGHUP");
      await node.running.says(
        new RegExp(`"for":"clients".*${serial}.*new certificates are in use`),
      );
      expect(await cluster.shownBy(node.client)).toBe(serial);
      expect(serial).not.toBe(before);
      await load.more(50);
    }
    expect(await load.stop()).toEqual([]);
  });

  it("by themselves, within ten seconds of a change", async () => {
    const { client, running } = cluster.node(0);
    const [serial] = await renew(0, "ca", "");
    await running.says(new RegExp(`"for":"clients".*${serial}.*new certificates are in use`));
    expect(await cluster.shownBy(client)).toBe(serial);
  });

  it("but broken ones are not: the old stay, and the log says so", async () => {
    const { client, running, directory, name } = cluster.node(0);
    const before = await cluster.shownBy(client);
    const good = readFileSync(join(directory, `${name}.crt`));
    writeFileSync(join(directory, `${name}.crt`), "broken");
    running.signal("SIGHUP");
    await running.says(
      /holds no certificate.*new certificates cannot be used: the old ones stay in use/,
    );
    expect(await cluster.shownBy(client)).toBe(before);
    writeFileSync(join(directory, `${name}.crt`), good);
  });

  it("and the peers' authority is replaced by way of both, under load, without a failed call", async () => {
    await cluster.certs("ca", "--out", cluster.path("next-ca"));
    const load = new Load();
    await load.more(20);
    const everywhere = async (authorities: readonly string[], authority: string): Promise<void> => {
      for (const [index, node] of cluster.nodes.entries()) {
        cluster.trust(node, authorities);
        const [serial] = await renew(index, authority, "peer");
        node.running.signal("SIGHUP");
        await node.running.says(
          new RegExp(`"for":"peers".*${serial}.*new certificates are in use`),
        );
      }
      await load.more(20);
    };
    await everywhere(["peer-ca", "next-ca"], "peer-ca");
    await everywhere(["peer-ca", "next-ca"], "next-ca");
    await everywhere(["next-ca"], "next-ca");
    expect(await load.stop()).toEqual([]);
    // Links of before go on; those of a node that comes back are made by the new authority alone.
    const follower = ((await cluster.leader()) + 1) % 3;
    cluster.node(follower).running.signal("SIGKILL");
    await cluster.node(follower).running.ends();
    cluster.restart(follower);
    await cluster.ready();
    await cluster.request(cluster.node(follower), "/v3/kv/put", { key: base64("k"), value: "" });
  });
});

describe("kill -9 of the leader, under TLS", () => {
  it("costs an election and nothing that was acknowledged; the node catches up when it is back", async () => {
    const leader = await cluster.leader();
    const acknowledged: string[] = [];
    const others = cluster.nodes.filter((_, i) => i !== leader);
    for (let i = 0; i < 20; i++) {
      const key = base64(`kill/${i}`);
      await cluster.request(others[i % 2] ?? cluster.node(0), "/v3/kv/put", { key, value: key });
      acknowledged.push(key);
    }
    cluster.node(leader).running.signal("SIGKILL");
    await cluster.node(leader).running.ends();
    const survivor = others[0] ?? cluster.node(0);
    await eventually(20_000, "a write is served again", async () => {
      const body = { key: base64("kill/after"), value: "" };
      return cluster.request(survivor, "/v3/kv/put", body).then(
        () => true,
        () => null,
      );
    });
    cluster.restart(leader);
    await cluster.ready();
    for (const node of cluster.nodes) {
      for (const key of acknowledged) {
        const answer = await cluster.request(node, "/v3/kv/range", { key });
        expect(answer).toContain(`"value":"${key}"`);
      }
    }
  });
});
