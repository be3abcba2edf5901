import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { isMainThread, threadId, Worker } from "node:worker_threads";
import {
  type EmbeddedNode,
  fixed,
  type Log,
  QuorateError,
  type StartNodeOptions,
  startNode,
} from "quorate";
import { afterEach, describe, expect, it } from "vitest";
import { freePort, Running, Stage } from "./processes.ts";

const SEGMENT_BYTES = 4 * 2 ** 20;
const directories: string[] = [];
const nodes: EmbeddedNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  for (const directory of directories.splice(0)) {
    rmSync(directory, { recursive: true, force: true });
  }
});

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), "quorate-embedded-"));
  directories.push(made);
  return made;
}

async function started(options: Partial<StartNodeOptions> = {}): Promise<EmbeddedNode> {
  const node = await startNode({
    name: "solo",
    dataDir: directory(),
    peers: fixed([]),
    cluster: "test",
    journalSegmentBytes: SEGMENT_BYTES,
    ...options,
  });
  nodes.push(node);
  return node;
}

/** The same again, on what it left behind. */
async function again(options: Partial<StartNodeOptions>): Promise<EmbeddedNode> {
  const node = await started(options);
  await node.ready;
  return node;
}

/** The next worker that this thread starts. */
const nextWorker = (): Promise<Worker> =>
  new Promise((resolve) => process.once("worker", (worker) => resolve(worker)));

function failureOf(operation: Promise<unknown>): Promise<QuorateError> {
  return operation.then(
    () => Promise.reject(new Error("it did not fail")),
    (reason: unknown) => (reason instanceof QuorateError ? reason : Promise.reject(reason)),
  );
}

describe("a caller's thread that stands still for 3 s", () => {
  /** Three members; only the first one's `runIn` differs. It leads when this resolves. */
  async function led(runIn: "worker" | "thread"): Promise<readonly EmbeddedNode[]> {
    const names = ["a", "b", "c"];
    const founders = await Promise.all(
      names.map(async (name) => `${name}=127.0.0.1:${await freePort()}`),
    );
    const members = await Promise.all(
      names.map((name) =>
        started({ name, peers: fixed(founders), runIn: name === "a" ? runIn : "worker" }),
      ),
    );
    await Promise.all(members.map(({ ready }) => ready));
    // No status is older than the last answer.
    await Promise.all(members.map(({ kv }) => kv.get("moved")));
    const [first, ...others] = members;
    const leader = others.find((node) => node.status().role === "leader");
    if (first !== undefined && leader !== undefined) {
      await post(leader, "maintenance/transfer-leadership", {
        targetID: String(first.status().node),
      });
      await first.kv.put("moved", "yes");
    }
    return members;
  }

  it("loses neither leadership nor a lease of 2 s that another client renews, where the node is in a worker", async () => {
    const [first, second] = await led("worker");
    if (first === undefined || second === undefined) throw new Error("no members");
    const before = first.status();
    expect(before.role).toBe("leader");
    const { id, ttlSeconds } = await second.lease.grant(2);
    expect(ttlSeconds).toBe(2);
    await first.kv.put("leased", "x", { lease: id });
    const renewer = await Renewer.start(first.clientAddress, id);
    standStill(3000);
    expect(await renewer.stop()).toBeGreaterThanOrEqual(3);
    expect((await first.kv.get("leased"))?.text).toBe("x");
    expect((await second.kv.get("leased"))?.text).toBe("x");
    const { role, term } = first.status();
    expect({ role, term }).toEqual({ role: "leader", term: before.term });
    expect(second.status().term).toBe(before.term);
  });

  it("loses leadership where the node is in the same thread", async () => {
    const [first, second] = await led("thread");
    if (first === undefined || second === undefined) throw new Error("no members");
    const before = first.status();
    expect(before.role).toBe("leader");
    standStill(3000);
    await second.kv.put("after", "x");
    expect(second.status().term).toBeGreaterThan(before.term);
    expect(second.status().leader).not.toBe(before.node);
  });
});

describe("a worker that fails", () => {
  it("fails what is under way, tells `onHalt`, and lets the directory go: what it acknowledged is there", async () => {
    const dataDir = directory();
    const halted = Promise.withResolvers<string>();
    const worker = nextWorker();
    const node = await started({ dataDir, onHalt: halted.resolve });
    await node.ready;
    await node.kv.put("kept", "yes");
    const watch = node.watch("k");
    await watch.opened;
    const next = failureOf(watch.next());
    // No batch of messages: what comes of it is an uncaught error.
    (await worker).postMessage(null);
    expect(await halted.promise).toContain("TypeError");
    expect(await next).toMatchObject({ code: "Stopped", definite: true });
    expect(await failureOf(node.kv.put("k", "v"))).toMatchObject({ code: "Stopped" });
    await node.close();
    const back = await again({ dataDir });
    expect((await back.kv.get("kept"))?.text).toBe("yes");
  });

  it("leaves the outcome of a write unknown, and nothing else, when it is terminated", async () => {
    const halted = Promise.withResolvers<string>();
    const worker = nextWorker();
    const [own, other] = [await freePort(), await freePort()];
    // Without a quorum nothing is answered.
    const node = await started({
      name: "a",
      peers: fixed([`a=127.0.0.1:${own}`, `b=127.0.0.1:${other}`]),
      onHalt: halted.resolve,
    });
    const [read, write] = [node.kv.get("k"), node.kv.put("k", "v")].map(failureOf);
    void (await worker).terminate();
    expect(await halted.promise).toContain("ended with code 1");
    expect(await write).toMatchObject({ code: "Timeout", definite: false });
    expect(await read).toMatchObject({ code: "Stopped", definite: true });
  });
});

describe("closing", () => {
  it.each(["worker", "thread"] as const)(
    "answers what is under way in a %s, once and for all callers",
    async (runIn) => {
      const dataDir = directory();
      const node = await started({ dataDir, runIn });
      await node.ready;
      const writes = Array.from({ length: 500 }, (_, i) => node.kv.put(`k/${i}`, "v"));
      const next = failureOf(node.watch("k").next());
      const closed = [node.close(), node.close()];
      const late = failureOf(node.kv.put("late", "v"));
      const outcomes = await Promise.allSettled(writes);
      await Promise.all(closed);
      await node.close();
      expect(await late).toMatchObject({ code: "Stopped", definite: true });
      expect(await next).toMatchObject({ code: "Stopped" });
      const back = await again({ dataDir, runIn });
      const { keyValues } = await back.kv.range({ prefix: "" });
      const there = new Set(keyValues.map(({ keyText }) => keyText));
      expect(there.has("late")).toBe(false);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === "fulfilled") expect(there).toContain(`k/${i}`);
        else if (outcome.reason.definite) expect(there).not.toContain(`k/${i}`);
      }
    },
  );
});

describe("the application's thread", () => {
  it("is where `log` is called", async () => {
    const threads = new Set<number>();
    const lines: string[] = [];
    const line = (_: object, text: string): void => {
      lines.push(text);
      threads.add(threadId);
    };
    const log: Log = { info: line, warn: line, error: line };
    const node = await started({ log });
    await node.ready;
    await node.close();
    expect(isMainThread || threadId > 0).toBe(true);
    expect(lines.length).toBeGreaterThan(0);
    expect([...threads]).toEqual([threadId]);
  });

  it("takes its node's thread along when it ends, and loses no acknowledged write", async () => {
    const dataDir = directory();
    const application = new Worker(APPLICATION, { eval: true, workerData: { dataDir } });
    const ended = new Promise((resolve) => application.once("exit", resolve));
    const said = await new Promise((resolve, reject) => {
      application.once("message", resolve);
      application.once("error", reject);
    });
    expect(said).toBe("acknowledged");
    await ended;
    const back = await again({ dataDir, name: "app" });
    expect((await back.kv.get("k"))?.text).toBe("v");
  });

  it.each([
    ["process.exit(7)", 7],
    ['throw new Error("the application failed")', 1],
  ])("ends the process with `%s` while the node runs", async (last, exit) => {
    const dataDir = directory();
    const script = `const { startNode, fixed } = await import(${JSON.stringify(import.meta.resolve("quorate"))});
      const node = await startNode({ name: "app", dataDir: ${JSON.stringify(dataDir)}, peers: fixed([]), cluster: "app", journalSegmentBytes: ${SEGMENT_BYTES} });
      await node.ready;
      console.log("revision", (await node.kv.put("k", "v")).revision);
      ${last}`;
    const application = new Running("--input-type=module", ["--eval", script]);
    const finished = await application.ends();
    expect(finished).toMatchObject({ exit, out: "revision 2\n" });
    const back = await again({ dataDir, name: "app" });
    expect((await back.kv.get("k"))?.text).toBe("v");
  });
});

/** An application in a thread of its own, which ends as soon as a write is acknowledged. */
const APPLICATION = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(${JSON.stringify(import.meta.resolve("quorate"))}).then(async ({ startNode, fixed }) => {
    const { dataDir } = workerData;
    const node = await startNode({ name: "app", dataDir, peers: fixed([]), cluster: "app", journalSegmentBytes: ${SEGMENT_BYTES} });
    await node.ready;
    await node.kv.put("k", "v");
    parentPort.postMessage("acknowledged");
    process.exit();
  });`;

describe("certificates", () => {
  it.each(["worker", "thread"] as const)(
    "of `quorate certs` serve both ports of a node in a %s",
    async (runIn) => {
      const stage = new Stage();
      try {
        const path = (name: string): string => join(stage.directory, name);
        const certs = (...args: readonly string[]) => stage.run(["certs", ...args]);
        await certs("ca", "--out", path("ca"));
        await certs("client", "app", "--ca", path("ca"), "--out", path("tls"));
        const names = ["a", "b"];
        const members = await Promise.all(
          names.map(async (name) => ({ name, peer: `127.0.0.1:${await freePort()}` })),
        );
        for (const { name } of members) {
          await certs(
            "node",
            name,
            "--ca",
            path("ca"),
            "--hosts",
            "127.0.0.1",
            "--out",
            path("tls"),
          );
        }
        const founders = fixed(members.map(({ name, peer }) => `${name}=${peer}`));
        const files = (name: string) => ({
          cert: path(`tls/${name}.crt`),
          key: path(`tls/${name}.key`),
          ca: path("ca/ca.crt"),
        });
        const [first] = await Promise.all(
          members.map(({ name }) =>
            started({ name, peers: founders, runIn, clientTls: files(name), peerTls: files(name) }),
          ),
        );
        if (first === undefined) throw new Error("no member");
        await first.ready;
        await first.kv.put("k", "v");
        const flags = [
          "--cacert",
          path("ca/ca.crt"),
          "--cert",
          path("tls/app.crt"),
          "--key",
          path("tls/app.key"),
        ];
        const got = await stage.run([
          "get",
          "k",
          "--endpoints",
          `https://${first.clientAddress}`,
          ...flags,
        ]);
        expect(got).toMatchObject({ exit: 0 });
        expect(got.out).toContain("v");
        const ca = readFileSync(path("ca/ca.crt"), "utf8");
        for (const address of [first.clientAddress, first.peerAddress]) {
          expect(await refusal(address, ca)).toBe("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
        }
      } finally {
        await Promise.all(nodes.splice(0).map((node) => node.close()));
        await stage.clean();
      }
    },
  );
});

/** What ends a connection that shows no certificate. */
function refusal(address: string, ca: string): Promise<unknown> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), ca });
    socket.once("error", (error) => resolve("code" in error ? error.code : error));
    socket.once("close", () => resolve("closed"));
  });
}

/** Blocks this thread, as a computation does. */
const standStill = (millis: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
};

async function post(node: EmbeddedNode, path: string, body: object): Promise<void> {
  const response = await fetch(`http://${node.clientAddress}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

/** Another client, in another thread: renews a lease twice a second, and counts. */
class Renewer {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static start(address: string, lease: bigint): Promise<Renewer> {
    const worker = new Worker(RENEWER, { eval: true, workerData: { address, lease } });
    return new Promise((resolve, reject) => {
      worker.once("message", () => resolve(new Renewer(worker)));
      worker.once("error", reject);
    });
  }

  /** How often it renewed. */
  async stop(): Promise<number> {
    const renewed = new Promise<number>((resolve) => {
      this.#worker.on("message", (message) => {
        if (typeof message === "number") resolve(message);
      });
    });
    this.#worker.postMessage("stop");
    const count = await renewed;
    await this.#worker.terminate();
    return count;
  }
}

const RENEWER = `
  const { parentPort, workerData: { address, lease } } = require("node:worker_threads");
  let renewed = 0;
  const renew = async () => {
    const body = JSON.stringify({ ID: String(lease) });
    const response = await fetch("http://" + address + "/v3/lease/keepalive", { method: "POST", body });
    const { result } = await response.json();
    if (Number(result.TTL) !== 2) throw new Error("the lease was lost");
    renewed++;
    if (renewed === 1) parentPort.postMessage("renewing");
  };
  const timer = setInterval(renew, 500);
  parentPort.once("message", () => {
    clearInterval(timer);
    parentPort.postMessage(renewed);
  });`;
