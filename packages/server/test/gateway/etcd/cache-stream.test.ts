import { type RequestId, requestId } from "@quorate/kernel/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Admission } from "../../../src/gateway/admission/index.ts";
import {
  ETCD_OPTIONS,
  type EtcdContext,
  etcdContext,
  etcdServices,
} from "../../../src/gateway/etcd/index.ts";
import type { CallHandler, GrpcCall, Status } from "../../../src/gateway/grpc/index.ts";
import { CacheRequest } from "../../../src/gateway/messages/index.ts";
import { encode } from "../../../src/gateway/protobuf/index.ts";
import type { CacheCaller, Caller } from "../../../src/host/index.ts";
import { bytes } from "../etcd-client.ts";
import { SoloNode } from "../solo-node.ts";

/** A client that reads as slowly as a test says. */
class SlowCall implements GrpcCall {
  readonly timeoutMs = null;
  readonly room = Number.POSITIVE_INFINITY;
  buffered = 0;
  paused = false;
  ended: Status | null = null;

  metadata(): undefined {}
  addTrailer(): void {}
  hold(): void {}
  write(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) this.buffered += part.length;
    return false;
  }
  end(status: Status): void {
    this.ended = status;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

const MAX = 1000;

let node: SoloNode;
let context: EtcdContext;
let call: SlowCall;
let stream: CallHandler;
/** What the stream told the node to recall it by, and what it waits for. */
let cache: CacheCaller | null;
let asked: { readonly caller: Caller; readonly id: RequestId }[];
let holders: number;

beforeEach(() => {
  [node, call, cache, asked, holders] = [new SoloNode(), new SlowCall(), null, [], 0];
  const caches = {
    openCache: (caller: CacheCaller) => {
      cache = caller;
      return requestId(++holders);
    },
    closeCache: () => void holders--,
    cacheRead: (caller: Caller) => {
      const id = requestId(100 + asked.length);
      asked.push({ caller, id });
      return id;
    },
    returned: () => {},
  };
  const options = { ...ETCD_OPTIONS, cacheBufferBytesMax: MAX, cacheReadsPendingMax: 3 };
  context = etcdContext(node, caches, node, node, options, new Admission(), () => 1n);
  const method = etcdServices(context).methods.find(({ name }) => name === "Lease");
  if (method === undefined) throw new Error("the service has its method");
  stream = method.open(call);
});
afterEach(() => context.admission.stop());

const ask = (key: string): void =>
  stream.onMessage(encode(CacheRequest, { read: { key: bytes(key), life: 1n, serial: 1n } }));

function answer(n: number): void {
  const { caller, id } = asked[n] ?? {};
  if (id !== undefined) caller?.onReadable(id, node.machine, null);
}

describe("a client that reads slowly", () => {
  it("is not read from while it has left as much unread as it may, and again when it has read", () => {
    ask("a");
    call.buffered = MAX;
    answer(0);
    expect(call.paused).toBe(true);
    call.buffered = MAX / 2;
    stream.onDrain();
    expect([call.paused, call.ended]).toEqual([false, null]);
  });

  it("is cut when recalls go on to gather, and holds leases under its number no more", () => {
    for (let i = 0; call.ended === null && i < MAX; i++) cache?.onRecall("a", i, node.machine);
    expect(call.ended).toMatchObject({ code: 8 });
    expect(call.buffered).toBeGreaterThan(2 * MAX);
    expect(call.buffered).toBeLessThan(2 * MAX + 200);
    expect(holders).toBe(0);
  });

  it("is not read from while as many of its reads wait as may", () => {
    for (const key of ["a", "b", "c"]) ask(key);
    expect(call.paused).toBe(true);
    answer(1);
    expect(call.paused).toBe(false);
  });

  it("is forgotten with all that it waits for when it goes away", () => {
    const lane = context.admission.lane("data");
    for (const key of ["a", "b"]) ask(key);
    expect([lane.calls, holders]).toEqual([2, 1]);
    stream.onCancel();
    expect([lane.calls, holders]).toEqual([0, 0]);
  });
});
