import { DEFAULT_KEYSPACE, requestId } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { type Caller, encode, messages } from "@quorate/server";
import { describe, expect, it } from "vitest";
import type { ApiPort } from "../../../src/embedded/api-port.ts";
import { Calls } from "../../../src/embedded/calls.ts";
import { QuorateError } from "../../../src/embedded/errors.ts";
import { Kv } from "../../../src/embedded/kv.ts";
import { Watch } from "../../../src/embedded/watch.ts";
import { costOf, WATCH_COST_MAX } from "../../../src/embedded/watch-flow.ts";
import { Mail } from "../../../src/embedded/worker/mail.ts";
import { type FromNode, sharedMillis } from "../../../src/embedded/worker/message.ts";
import { Service } from "../../../src/embedded/worker/service.ts";
import { CALL_BYTES_MAX, CALLS_MAX } from "../../../src/embedded/worker/worker-port.ts";
import { TwoThreads } from "./two-threads.ts";

const PUT = encode(messages.PutRequest, { key: new Uint8Array([1]), value: new Uint8Array([2]) });

function failureOf(operation: Promise<unknown>): Promise<QuorateError> {
  return operation.then(
    () => {
      throw new Error("it did not fail");
    },
    (reason: unknown) => {
      if (reason instanceof QuorateError) return reason;
      throw reason;
    },
  );
}

describe("calls between threads", () => {
  it("a turn's calls are one batch, and each gets its own answer", async () => {
    const threads = new TwoThreads();
    const kv = new Kv(new Calls(threads.port));
    const answers = Promise.all([kv.put("a", "1"), kv.put("b", "2"), kv.get("a"), kv.get("b")]);
    await threads.turn();
    expect(threads.toNode.map(({ type }) => type)).toEqual(["Write", "Write", "Range", "Range"]);
    await threads.settle();
    const [first, second, a, b] = await answers;
    expect([first.revision, second.revision, a?.text, b?.text]).toEqual([2, 3, "1", "2"]);
    expect(threads.served).toBe(0);
  });

  it("a write is not acknowledged before the other thread's word has come", async () => {
    const threads = new TwoThreads();
    let acknowledged = false;
    const write = new Calls(threads.port).write(EtcdKind.put, PUT, {}).then(() => {
      acknowledged = true;
    });
    await threads.turn();
    threads.deliverCalls();
    await threads.turn();
    expect(threads.fromNode.map(({ type }) => type)).toEqual(["Done"]);
    expect(acknowledged).toBe(false);
    threads.deliverAnswers();
    await write;
  });

  it("a range of many slices comes in parts, and whole", async () => {
    const threads = new TwoThreads();
    const kv = new Kv(new Calls(threads.port));
    const value = new Uint8Array(100_000).fill(7);
    for (let i = 0; i < 12; i++) {
      const written = kv.put(`large/${i}`, value);
      await threads.settle();
      await written;
    }
    const reading = kv.range({ prefix: "large/" }, { limit: 11 });
    await threads.settle();
    const { keyValues, count, more, revision } = await reading;
    expect([keyValues.length, count, more, revision]).toEqual([11, 12, true, 13]);
    expect(keyValues.every((kv) => kv.value.length === 100_000 && kv.value[99_999] === 7)).toBe(
      true,
    );
  });

  it("time in the mail is part of the deadline", () => {
    const deadlines: number[] = [];
    const ask = (deadlineMillis: number) => requestId(deadlines.push(deadlineMillis));
    const { port } = new TwoThreads();
    const api: ApiPort = {
      write: (_, __, ___, deadlineMillis) => ask(deadlineMillis),
      range: (_, __, deadlineMillis) => ask(deadlineMillis),
      watch: () => requestId(0),
      cancel: () => {},
      unwatch: () => {},
      taken: () => {},
      status: () => port.status(),
    };
    const service = new Service(api, new Mail(() => {}));
    const now = sharedMillis();
    const common = { bytes: PUT, deadlineMillis: 5000 };
    service.onCall({ type: "Write", id: requestId(1), kind: 1, askedAt: now - 4000, ...common });
    service.onCall({ type: "Range", id: requestId(2), askedAt: now - 9000, ...common });
    expect(deadlines[0]).toBeGreaterThan(0);
    expect(deadlines[0]).toBeLessThanOrEqual(1000);
    expect(deadlines[1]).toBe(1);
  });

  it("an aborted call is cancelled there, and an answer that was in the mail is nobody's", async () => {
    const threads = new TwoThreads();
    const abort = new AbortController();
    const failure = failureOf(
      new Calls(threads.port).write(EtcdKind.put, PUT, { signal: abort.signal }),
    );
    await threads.turn();
    threads.deliverCalls();
    await threads.turn();
    abort.abort();
    expect(await failure).toMatchObject({ code: "Aborted", definite: false });
    await threads.settle();
    expect(threads.served).toBe(0);
  });

  it("a call aborted on its way is withdrawn from the node", async () => {
    const threads = new TwoThreads();
    threads.node.frozen = true;
    const abort = new AbortController();
    const failure = failureOf(
      new Calls(threads.port).range(encode(messages.RangeRequest, { key: new Uint8Array([1]) }), {
        signal: abort.signal,
      }),
    );
    await threads.turn();
    threads.deliverCalls();
    abort.abort();
    expect(await failure).toMatchObject({ code: "Aborted", definite: true });
    await threads.turn();
    threads.deliverCalls();
    await threads.node.withdrawn;
    expect(threads.served).toBe(0);
  });

  it("when the thread has ended, reads and watches failed for certain, and writes may have happened", async () => {
    const threads = new TwoThreads();
    const kv = new Kv(new Calls(threads.port));
    const watch = new Watch(threads.port, "k", {});
    const [write, read, next] = [kv.put("k", "v"), kv.get("k"), watch.next()].map(failureOf);
    await threads.turn();
    threads.port.abandon();
    expect(await write).toMatchObject({ code: "Timeout", definite: false });
    expect(await read).toMatchObject({ code: "Stopped", definite: true });
    expect(await next).toMatchObject({ code: "Stopped", definite: true });
    const late = [kv.put("k", "v"), new Watch(threads.port, "k", {}).next()].map(failureOf);
    for (const failure of late) {
      expect(await failure).toMatchObject({ code: "Stopped", definite: true });
    }
  });

  it("a write refused because the node stops is definite, whether or not the thread ends meanwhile", async () => {
    const threads = new TwoThreads();
    threads.port.refuse();
    const failure = failureOf(new Calls(threads.port).write(EtcdKind.put, PUT, {}));
    threads.port.abandon();
    expect(await failure).toMatchObject({ code: "Stopped", definite: true });
    expect(threads.toNode).toEqual([]);
  });

  it("calls beyond the bounds are refused, and not sent; one that is too large alone is sent", async () => {
    const threads = new TwoThreads();
    const calls = new Calls(threads.port);
    const write = (bytes: number) => calls.write(EtcdKind.put, new Uint8Array(bytes), {});
    const large = [write(CALL_BYTES_MAX + 1), write(1)];
    expect(await failureOf(large[1] ?? Promise.resolve())).toMatchObject({
      code: "Overloaded",
      definite: true,
    });
    const failed = failureOf(large[0] ?? Promise.resolve());
    await threads.settle();
    expect(await failed).toMatchObject({ code: "Rejected" });
    const many = Array.from({ length: CALLS_MAX + 1 }, () => calls.write(EtcdKind.put, PUT, {}));
    expect(await failureOf(many.pop() ?? Promise.resolve())).toMatchObject({ code: "Overloaded" });
    expect(threads.toNode).toHaveLength(CALLS_MAX);
    await threads.settle();
    await Promise.all(many);
    expect(threads.served).toBe(0);
  });

  it("the status is what the node's thread told last", () => {
    const { port } = new TwoThreads();
    const status = { ...port.status(), term: 17 };
    port.onAnswer({ type: "Status", status });
    expect(port.status()).toEqual(status);
  });
});

describe("watches between threads", () => {
  const EVENTS = 10_000;
  /** Written in one turn: so many may come after the node was told to stop. */
  const TURN_EVENTS = 250;
  const EVENT_BYTES_MAX = 256;
  const LARGE_PUT = encode(messages.PutRequest, {
    key: new Uint8Array([1]),
    value: new Uint8Array(200),
  });

  it("10,000 events to a reader that takes none stay within the bound, and all come when it reads", async () => {
    const threads = new TwoThreads();
    const { node } = threads;
    const watch = new Watch(threads.port, { prefix: "" }, {});
    await threads.settle();
    let sent = 0;
    for (let i = 0; i < EVENTS; i++) {
      node.request(NOBODY, DEFAULT_KEYSPACE, EtcdKind.put, LARGE_PUT, node.now());
      if (i % TURN_EVENTS !== TURN_EVENTS - 1) continue;
      await threads.turn();
      sent += threads.fromNode.reduce(cost, 0);
      threads.deliverAnswers();
    }
    expect(node.events).toEqual(["stalled"]);
    expect(sent).toBeGreaterThanOrEqual(WATCH_COST_MAX);
    expect(sent).toBeLessThan(
      WATCH_COST_MAX + TURN_EVENTS * costOf(new Uint8Array(EVENT_BYTES_MAX)),
    );

    const reading = read(watch, EVENTS);
    let over = false;
    void reading.then(() => {
      over = true;
    });
    for (let round = 0; round < EVENTS && !over; round++) await threads.settle();
    expect(over).toBe(true);
    expect(await reading).toEqual(Array.from({ length: EVENTS }, (_, i) => i + 2));
    expect(node.events).toContain("drained");
  });

  it("a reader that keeps up never stalls the node", async () => {
    const threads = new TwoThreads();
    const { node } = threads;
    const watch = new Watch(threads.port, { prefix: "" }, {});
    await threads.settle();
    for (let i = 0; i < 10; i++) {
      const seen = read(watch, TURN_EVENTS);
      for (let j = 0; j < TURN_EVENTS; j++) {
        node.request(NOBODY, DEFAULT_KEYSPACE, EtcdKind.put, LARGE_PUT, node.now());
      }
      await threads.settle();
      await seen;
    }
    expect(node.events).toEqual([]);
  });

  it("a watch that is left is ended there, once", async () => {
    const threads = new TwoThreads();
    const watch = new Watch(threads.port, "k", {});
    await threads.settle();
    expect(threads.served).toBe(1);
    await watch.return();
    await watch.return();
    await threads.settle();
    expect(threads.served).toBe(0);
    expect(threads.node.events).toEqual(["unwatched"]);
  });
});

/** The revisions of the next so many events. */
async function read(watch: Watch, count: number): Promise<readonly number[]> {
  const revisions: number[] = [];
  for (let i = 0; i < count; i++) revisions.push((await watch.next()).value?.revision ?? 0);
  return revisions;
}

const cost = (sum: number, message: FromNode): number =>
  message.type === "Events" ? sum + costOf(message.bytes) : sum;

const NOBODY: Caller = { onReply: () => {}, onReadable: () => {} };
