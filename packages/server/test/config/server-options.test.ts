import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logIndex, type Outcome, requestId, utf8 } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { describe, expect, it } from "vitest";
import {
  BadConfiguration,
  configurationOf,
  configurationTable,
  explain,
  nearest,
  serverOptions,
} from "../../src/config/index.ts";
import { TxnRequest } from "../../src/gateway/messages/index.ts";
import { encode } from "../../src/gateway/protobuf/index.ts";

const made = (flags: Record<string, string | true> = {}) =>
  serverOptions(configurationOf(flags, {}, {}));

describe("what a configuration makes of a server", () => {
  it("alone is a cluster of one node on loopback", () => {
    const { options, warnings } = made();
    expect(options).toMatchObject({
      name: "default",
      dataDir: ".quorate/default",
      listenClient: "127.0.0.1:2379",
      listenPeer: "127.0.0.1:2380",
      advertisePeer: "127.0.0.1:2380",
      advertiseClients: ["http://127.0.0.1:2379"],
      initialCluster: [{ name: "default", address: "127.0.0.1:2380" }],
      foundersNamed: false,
      join: [],
    });
    expect(warnings).toEqual([]);
  });

  it("with --join asks to be let in and to be promoted, unless it is to stay a learner", () => {
    expect(made({ join: "h:1,g:2" }).options).toMatchObject({
      join: ["h:1", "g:2"],
      initialCluster: [],
      learner: false,
    });
    expect(made({ join: "h:1", learner: true }).options.learner).toBe(true);
  });

  it("with `existing` asks the other members, and waits for somebody else to promote it, as with etcd", () => {
    const flags = {
      name: "b",
      "initial-cluster": "a=h:1,b=h:2",
      "initial-cluster-state": "existing",
    };
    expect(made(flags).options).toMatchObject({
      join: ["h:1"],
      initialCluster: [],
      learner: true,
      foundersNamed: false,
    });
  });

  it("max-connections is of the port and of all that speak HTTP/2 on it", () => {
    const { gateway } = made({ "max-connections": "12000" }).options;
    expect(gateway).toMatchObject({
      port: { connectionsMax: 12_000 },
      http2: { sessionsMax: 12_000 },
    });
  });

  it("holds clients to max-txn-ops at the gateway, and every machine to the same bound whatever the setting", () => {
    const { gateway, kernel } = made({ "max-txn-ops": "4" }).options;
    expect(gateway?.etcd?.txnOpsMax).toBe(4);
    const success = Array.from({ length: 5 }, (_, i) => ({
      request_put: { key: utf8(`k${i}`), value: utf8("v") },
    }));
    const body = encode(TxnRequest, { success } as object);
    const outcomes: Outcome[] = [];
    const entry = { index: logIndex(1), at: 0, kind: EtcdKind.txn, body, origin: requestId(1) };
    const machine = kernel?.profiles?.get("etcd")?.create();
    machine?.apply([entry], { result: (_, outcome) => outcomes.push(outcome) });
    expect(outcomes).toMatchObject([{ ok: true }]);
  });

  it("derives the shortest election time-out from the longest, and wants five heartbeats in it", () => {
    const { raft } =
      made({ "election-timeout": "3000", "heartbeat-interval": "300" }).options.kernel ?? {};
    expect(raft).toMatchObject({
      heartbeatTicks: 300,
      electionTicksMin: 1500,
      electionTicksMax: 3000,
    });
    expect(() => made({ "election-timeout": "1000", "heartbeat-interval": "101" })).toThrow(
      BadConfiguration,
    );
  });

  it("states the rule of heartbeats and elections in the same words where it is documented and where it is broken", () => {
    const rule = "election-timeout must be at least 10 times heartbeat-interval";
    for (const setting of ["heartbeat-interval", "election-timeout"] as const)
      expect(explain(setting).toLowerCase()).toContain(rule);
    expect(() => made({ "election-timeout": "1000", "heartbeat-interval": "101" })).toThrow(
      `${rule}: it is 1000 ms, and heartbeat-interval is 101 ms`,
    );
  });

  it("warns of a client port beyond loopback", () => {
    expect(made({ "listen-client-urls": "http://0.0.0.0:2379" }).warnings).toHaveLength(1);
    expect(made({ "listen-client-urls": "http://[::1]:2379" }).warnings).toEqual([]);
    expect(made({ "listen-client-urls": "http://localhost:2379" }).warnings).toEqual([]);
  });

  it("refuses a peer port beyond loopback unless it is told that the network is trusted", () => {
    const open = {
      "listen-peer-urls": "http://0.0.0.0:2380",
      "initial-advertise-peer-urls": "http://h:2380",
    };
    expect(() => made(open)).toThrow(/--insecure-peers/);
    expect(made({ ...open, "insecure-peers": true }).warnings).toHaveLength(1);
  });

  it("refuses a peer port that the others could not know", () => {
    expect(() => made({ "listen-peer-urls": "http://127.0.0.1:0" })).toThrow(
      /initial-advertise-peer-urls/,
    );
  });
});

describe("TLS", () => {
  const client = { "cert-file": "c.crt", "key-file": "c.key" };
  const peer = {
    "peer-cert-file": "p.crt",
    "peer-key-file": "p.key",
    "peer-trusted-ca-file": "ca.crt",
  };

  it("for clients makes https of what they are told, whether or not it was written", () => {
    const { options } = made(client);
    expect(options).toMatchObject({
      clientTls: { cert: "c.crt", key: "c.key", ca: null },
      peerTls: null,
      listenClient: "127.0.0.1:2379",
      advertiseClients: ["https://127.0.0.1:2379"],
    });
    const written = { ...client, "listen-client-urls": "https://127.0.0.1:1" };
    expect(made(written).options.advertiseClients).toEqual(["https://127.0.0.1:1"]);
    const told = { ...client, "advertise-client-urls": "https://a:1,b:2" };
    expect(made(told).options.advertiseClients).toEqual(["https://a:1", "https://b:2"]);
  });

  it("asks clients for certificates by trusted-ca-file, with client-cert-auth or without, as etcd does", () => {
    for (const auth of [{}, { "client-cert-auth": true as const }]) {
      const { options } = made({ ...client, ...auth, "trusted-ca-file": "ca.crt" });
      expect(options.clientTls).toEqual({ cert: "c.crt", key: "c.key", ca: "ca.crt" });
    }
  });

  it("between peers needs no --insecure-peers on an open port, and leaves addresses as they are", () => {
    const { options, warnings } = made({
      ...peer,
      name: "a",
      "listen-peer-urls": "https://0.0.0.0:2380",
      "initial-advertise-peer-urls": "https://a:2380",
      "initial-cluster": "a=https://a:2380,b=b:2380",
    });
    expect(options).toMatchObject({
      peerTls: { cert: "p.crt", key: "p.key", ca: "ca.crt" },
      listenPeer: "0.0.0.0:2380",
      advertisePeer: "a:2380",
      initialCluster: [
        { name: "a", address: "a:2380" },
        { name: "b", address: "b:2380" },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it("on an open client port warns only where nobody is asked for a certificate", () => {
    const open = { ...client, "listen-client-urls": "https://0.0.0.0:2379" };
    expect(made(open).warnings.join()).toContain("asks nobody for a certificate");
    expect(made({ ...open, "trusted-ca-file": "ca.crt" }).warnings).toEqual([]);
  });

  it.each([
    [{ "cert-file": "c.crt" }, "with cert-file goes key-file:"],
    [{ "key-file": "c.key" }, "with key-file goes cert-file:"],
    [{ ...client, "client-cert-auth": true as const }, "give trusted-ca-file"],
    [{ "trusted-ca-file": "ca.crt" }, "give cert-file and key-file too"],
    [
      { "peer-cert-file": "p.crt", "peer-key-file": "p.key" },
      "with peer-cert-file and peer-key-file goes peer-trusted-ca-file:",
    ],
    [
      { "peer-trusted-ca-file": "ca.crt" },
      "with peer-trusted-ca-file goes peer-cert-file and peer-key-file:",
    ],
    [
      { "listen-client-urls": "https://127.0.0.1:1" },
      "listen-client-urls says https://127.0.0.1:1, and there is no certificate to speak TLS with: give cert-file and key-file",
    ],
    [
      { ...client, "listen-client-urls": "http://127.0.0.1:1" },
      "listen-client-urls says http://127.0.0.1:1, but there are certificates: write https://127.0.0.1:1",
    ],
    [{ "advertise-client-urls": "https://h:1" }, "advertise-client-urls says https://h:1, and"],
    [
      { ...client, "advertise-client-urls": "http://h:1" },
      "advertise-client-urls says http://h:1, but",
    ],
    [{ "listen-peer-urls": "https://127.0.0.1:1" }, "give peer-cert-file, peer-key-file and"],
    [{ ...peer, "listen-peer-urls": "http://127.0.0.1:1" }, "listen-peer-urls says http://"],
    [{ ...peer, "initial-advertise-peer-urls": "http://h:1" }, "initial-advertise-peer-urls says"],
    [{ "initial-cluster": "default=https://127.0.0.1:2380" }, "initial-cluster says https://"],
    [{ ...peer, join: "http://h:1" }, "join says http://h:1, but"],
    [{ ...client, "listen-peer-urls": "http://0.0.0.0:1" }, "`quorate certs` makes them"],
  ])("%j is refused, and says why", (flags, why) => {
    expect(() => made(flags)).toThrow(BadConfiguration);
    expect(() => made(flags)).toThrow(why);
  });
});

describe("documentation", () => {
  it("docs/configuration.md is what `quorate config table` prints", () => {
    const file = join(import.meta.dirname, "../../../../docs/configuration.md");
    expect(readFileSync(file, "utf8")).toBe(configurationTable());
  });

  it("explains a setting with its default, flag, variable and bound", () => {
    const text = explain("quota-backend-bytes");
    for (const part of [
      "8 GiB",
      "--quota-backend-bytes VALUE",
      "QUORATE_QUOTA_BACKEND_BYTES",
      "the leader's holds for all",
    ])
      expect(text).toContain(part);
  });
});

describe("nearest", () => {
  it.each([
    ["elektion-timeout", "election-timeout"],
    ["datadir", "data-dir"],
    ["nmae", "name"],
    ["qwertyuiop", null],
  ])("%s is meant as %s", (word, want) => {
    expect(nearest(word, ["election-timeout", "data-dir", "name"])).toBe(want);
  });
});
