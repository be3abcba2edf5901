import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddressUnusable,
  CertificateUnusable,
  DirectoryInUse,
  type EmbeddedNode,
  fixed,
  QuorateError,
  type StartNodeOptions,
  StartRefused,
  startNode,
} from "quorate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, Running } from "./processes.ts";

const MODES = ["worker", "thread"] as const;

describe.each(MODES)("a node in a %s", (runIn) => {
  const directory = mkdtempSync(join(tmpdir(), "quorate-embedded-"));
  let node: EmbeddedNode;

  const start = (): Promise<EmbeddedNode> =>
    startNode({
      name: "solo",
      dataDir: directory,
      peers: fixed([]),
      cluster: "test",
      runIn,
      journalSegmentBytes: 4 * 2 ** 20,
    });

  beforeAll(async () => {
    node = await start();
    await node.ready;
  });
  afterAll(async () => {
    await node.close();
    rmSync(directory, { recursive: true, force: true });
  });

  describe("what makes no sense is refused, does nothing, and leaves the node alone", () => {
    it("requests beyond the bound", async () => {
      const large = node.kv.put("too-large", "x".repeat(2 ** 21));
      await expect(large).rejects.toMatchObject({ code: "TooLarge", definite: true });
      expect(await node.kv.get("too-large")).toBeNull();
    });

    it.each([Number.POSITIVE_INFINITY, Number.NaN, 1e300, 0, -1])(
      "a deadline of %s",
      async (deadlineMillis) => {
        const put = node.kv.put("late", "x", { deadlineMillis });
        await expect(put).rejects.toMatchObject({ name: "QuorateError", definite: true });
        expect(await node.kv.get("late")).toBeNull();
      },
    );

    it("arguments of other types", async () => {
      const untyped = node.kv as unknown as {
        put(key: unknown, value: unknown): Promise<unknown>;
        range(range: unknown, options: unknown): Promise<unknown>;
      };
      for (const value of [7, undefined, null, {}])
        await expect(untyped.put("odd", value)).rejects.toBeInstanceOf(QuorateError);
      await expect(untyped.range("odd", { limit: 1.5 })).rejects.toBeInstanceOf(QuorateError);
      expect(await node.kv.get("odd")).toBeNull();
    });
  });

  describe("keys and values", () => {
    it("are written, read in ranges and at revisions, and deleted", async () => {
      const { revision } = await node.kv.put("r/a", "1");
      await node.kv.put("r/b", new Uint8Array([0xff, 0]));
      const range = await node.kv.range({ prefix: "r/" }, { limit: 1 });
      expect(range).toMatchObject({ count: 2, more: true });
      expect(range.keyValues.map(({ keyText, text }) => [keyText, text])).toEqual([["r/a", "1"]]);
      expect((await node.kv.get("r/b"))?.value).toEqual(new Uint8Array([0xff, 0]));
      expect(await node.kv.get("r/b", { revision })).toBeNull();
      expect(await node.kv.delete({ from: "r/", to: "r0" })).toMatchObject({ deleted: 2 });
      expect(await node.kv.get("r/a")).toBeNull();
    });

    it("a range larger than a slice comes whole, from one revision", async () => {
      const value = new Uint8Array(100_000).fill(7);
      for (let i = 0; i < 12; i++) await node.kv.put(`large/${i}`, value);
      const reading = node.kv.range({ prefix: "large/" });
      const deleting = node.kv.delete({ prefix: "large/" });
      const { keyValues, count } = await reading;
      expect(keyValues.filter((kv) => kv.value.length === 100_000)).toHaveLength(12);
      expect(count).toBe(12);
      expect(await deleting).toMatchObject({ deleted: 12 });
    });

    it("transactions compare every target", async () => {
      await node.kv.put("t", "v");
      const compare = (to: number) =>
        node.kv.txn({
          compare: [
            { key: "t", target: "value", is: "!=", to: "w" },
            { key: "t", target: "version", is: "=", to },
            { key: "absent", target: "createRevision", is: "=", to: 0 },
            { key: "t", target: "lease", is: "=", to: 0n },
          ],
          success: [
            { type: "get", range: "t" },
            { type: "delete", range: "t" },
          ],
          failure: [{ type: "put", key: "t", value: "else" }],
        });
      expect(await compare(2)).toMatchObject({ succeeded: false, results: [{ type: "put" }] });
      expect(await compare(2)).toMatchObject({
        succeeded: true,
        results: [{ type: "get" }, { type: "delete", deleted: 1 }],
      });
    });

    it("leases end with their keys when they are revoked", async () => {
      const { id, ttlSeconds } = await node.lease.grant(30);
      expect(ttlSeconds).toBe(30);
      await node.kv.put("leased", "x", { lease: id });
      expect((await node.lease.keepAlive(id)).ttlSeconds).toBe(30);
      await node.lease.revoke(id);
      expect(await node.kv.get("leased")).toBeNull();
      expect(await failureOf(node.lease.keepAlive(id))).toMatchObject({ definite: true });
    });
  });

  describe("failures", () => {
    it("say by code and `definite` what is known", async () => {
      expect(await failureOf(node.kv.put("", "x"))).toMatchObject({
        code: "Rejected",
        definite: true,
      });
      expect(await failureOf(node.kv.get("k", { revision: 1_000_000 }))).toMatchObject({
        code: "Rejected",
      });
    });

    it("beyond 4096 calls at once are refusals for certain", async () => {
      const writes = Array.from({ length: 4100 }, (_, i) => node.kv.put(`many/${i}`, "x"));
      const outcomes = await Promise.allSettled(writes);
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === "rejected" ? [outcome.reason] : [],
      );
      expect(refused).toHaveLength(4);
      for (const reason of refused) {
        expect(reason).toMatchObject({ code: "Overloaded", definite: true });
      }
      expect(await node.kv.delete({ prefix: "many/" })).toMatchObject({ deleted: 4096 });
    });

    it("an aborted read had no effect; an aborted write may have", async () => {
      const abort = new AbortController();
      const reading = failureOf(node.kv.get("k", { signal: abort.signal }));
      const writing = failureOf(node.kv.put("k", "v", { signal: abort.signal }));
      abort.abort();
      expect(await reading).toMatchObject({ code: "Aborted", definite: true });
      expect(await writing).toMatchObject({ code: "Aborted", definite: false });
      const never = failureOf(node.kv.put("k", "v", { signal: abort.signal }));
      expect(await never).toMatchObject({ code: "Aborted", definite: true });
    });

    it("a cluster without a quorum lets a write time out, with an unknown outcome", async () => {
      const dataDir = mkdtempSync(join(tmpdir(), "quorate-embedded-"));
      const [own, other] = [await freePort(), await freePort()];
      const lonely = await startNode({
        name: "a",
        dataDir,
        peers: fixed([`a=127.0.0.1:${own}`, `b=127.0.0.1:${other}`]),
        cluster: "lonely",
        runIn,
        journalSegmentBytes: 4 * 2 ** 20,
      });
      const failure = await failureOf(lonely.kv.put("k", "v", { deadlineMillis: 200 }));
      expect(["Timeout", "UnknownKeyspace", "NoLeader"]).toContain(failure.code);
      await lonely.close();
      rmSync(dataDir, { recursive: true });
    });
  });

  describe("watching", () => {
    it("gives every change once, in order, with what was before", async () => {
      const watch = node.watch({ prefix: "w/" }, { previous: true });
      await watch.opened;
      await node.kv.put("w/1", "a");
      await node.kv.put("w/1", "b");
      await node.kv.delete("w/1");
      const seen = [await watch.next(), await watch.next(), await watch.next()].map(
        ({ value }) => value,
      );
      expect(
        seen.map((event) => [event?.type, event?.keyValue.text, event?.previous?.text]),
      ).toEqual([
        ["put", "a", undefined],
        ["put", "b", "a"],
        ["delete", "", "b"],
      ]);
      await watch.return();
      expect(await watch.next()).toEqual({ done: true, value: undefined });
    });

    it("begins in the past where it is asked to, and stalls no writer while nobody reads", async () => {
      const { revision } = await node.kv.put("h/0", "x");
      const watch = node.watch({ prefix: "h/" }, { fromRevision: revision });
      const writes = Array.from({ length: 2500 }, (_, i) => node.kv.put(`h/${i + 1}`, "x"));
      await Promise.all(writes);
      let last = revision - 1;
      for (let i = 0; i <= 2500; i++) {
        const { value } = await watch.next();
        expect(value?.revision).toBeGreaterThan(last);
        last = value?.revision ?? 0;
      }
      await watch.return();
    });

    it("ends without an error when its signal aborts", async () => {
      const abort = new AbortController();
      const watch = node.watch("k", { signal: abort.signal });
      const next = watch.next();
      abort.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    });
  });

  describe("a start that is refused", () => {
    const refusalOf = (options: Partial<StartNodeOptions>): Promise<unknown> =>
      startNode({
        name: "other",
        dataDir: join(directory, "other"),
        peers: fixed([]),
        cluster: "other",
        runIn,
        journalSegmentBytes: 4 * 2 ** 20,
        ...options,
      }).then(
        () => null,
        (reason: unknown) => reason,
      );

    it("says whose the directory is", async () => {
      const refusal = await refusalOf({ name: "solo", dataDir: directory, cluster: "test" });
      expect(refusal).toBeInstanceOf(DirectoryInUse);
      expect(refusal).toMatchObject({
        name: "DirectoryInUse",
        message: expect.stringMatching(
          /is in use by process \d+ on .*: stop it, or choose another/,
        ),
        cause: { code: "EADDRINUSE" },
      });
    });

    it("says which address cannot be had", async () => {
      const refusal = await refusalOf({ listenClient: node.clientAddress });
      expect(refusal).toBeInstanceOf(AddressUnusable);
      expect(refusal).toMatchObject({
        message: expect.stringContaining(`the client port ${node.clientAddress} is in use`),
      });
    });

    it("says what contradicts what", async () => {
      const refusal = await refusalOf({ peers: fixed(["a=127.0.0.1:1", "b=127.0.0.1:2"]) });
      expect(refusal).toBeInstanceOf(StartRefused);
      expect(refusal).toMatchObject({
        message: expect.stringContaining(
          "this node is called other, but --initial-cluster names a, b",
        ),
      });
    });

    it("says which certificate cannot be read", async () => {
      const missing = { cert: "/missing.crt", key: "/missing.key", ca: null };
      const refusal = await refusalOf({ clientTls: missing });
      expect(refusal).toBeInstanceOf(CertificateUnusable);
      expect(refusal).toMatchObject({ message: expect.stringContaining("/missing.") });
    });
  });

  describe("a node", () => {
    it("is its cluster's leader where it is alone", () => {
      const { role, leader, node: id, members } = node.status();
      expect({ role, leader }).toEqual({ role: "leader", leader: id });
      expect(members).toEqual([{ node: id, name: "solo", learner: false }]);
    });

    it("tells why it stops when it is removed from its cluster", async () => {
      const halted = Promise.withResolvers<string>();
      const dataDirs = ["a", "b"].map(() => mkdtempSync(join(tmpdir(), "quorate-embedded-")));
      const founders = await Promise.all(
        ["a", "b"].map(async (name) => `${name}=127.0.0.1:${await freePort()}`),
      );
      const [first, second] = await Promise.all(
        ["a", "b"].map((name, i) =>
          startNode({
            name,
            dataDir: dataDirs[i] ?? "",
            peers: fixed(founders),
            cluster: "pair",
            runIn,
            journalSegmentBytes: 4 * 2 ** 20,
            ...(name === "b" && { onHalt: halted.resolve }),
          }),
        ),
      );
      if (first === undefined || second === undefined) throw new Error("no members");
      await Promise.all([first.ready, second.ready]);
      const response = await fetch(`http://${first.clientAddress}/v3/cluster/member/remove`, {
        method: "POST",
        body: JSON.stringify({ ID: String(second.status().node) }),
      });
      expect(response.status).toBe(200);
      expect(await halted.promise).toContain("removed");
      expect(await failureOf(second.kv.get("k"))).toMatchObject({ code: "Stopped" });
      await second.close();
      await first.close();
      for (const dataDir of dataDirs) rmSync(dataDir, { recursive: true });
    });

    it("closes with its watches told, and finds its data when it is started again", async () => {
      await node.kv.put("kept", "yes");
      const watch = node.watch("kept");
      const next = failureOf(watch.next());
      await node.close();
      expect(await next).toMatchObject({ code: "Stopped" });
      expect(await failureOf(node.kv.get("kept"))).toMatchObject({
        code: "Stopped",
        definite: true,
      });
      node = await start();
      await node.ready;
      expect((await node.kv.get("kept"))?.text).toBe("yes");
    });
  });
});

describe("the example", () => {
  const file = join(import.meta.dirname, "../../../examples/embedded.ts");

  it.each([
    ["as it is built", []],
    ["from source", ["--conditions=quorate-source"]],
  ])("runs as it is printed, %s", async (_, flags) => {
    const [first, ...rest] = [...flags, file];
    const example = new Running(first, rest);
    expect(await example.ends()).toMatchObject({
      exit: 0,
      out: "bought: true\nrevision 2: stock/apples is 3\nrevision 3: stock/apples is 2\nleft: 2\n",
    });
  });
});

async function failureOf(operation: Promise<unknown>): Promise<QuorateError> {
  const error = await operation.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error;
  throw new Error(`it did not fail as it should: ${String(error)}`);
}
