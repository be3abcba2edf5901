import { readFileSync } from "node:fs";
import { connect } from "node:net";
import {
  clusterId,
  encodeFrameHead,
  encodeHello,
  nodeId,
  PEER_VERSIONS,
  startId,
} from "@quorate/kernel/core";
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from "vitest";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually, within } from "../support/deadline.ts";
import { Dice } from "../support/dice.ts";
import {
  decodeMessage,
  encodeMessage,
  methodOf,
  type Plain,
  raw,
} from "../support/etcd-messages.ts";
import { GrpcWire } from "../support/grpc-wire.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

/** A million takes an hour; what runs each time is a sample from the same generators. */
const INPUTS = Number(process.env["QUORATE_FUZZ_INPUTS"] ?? 20_000);
const SEED = Number(process.env["QUORATE_FUZZ_SEED"] ?? 1);
const FUZZ_MILLIS = 60_000 + INPUTS * 5;
const LANES = 48;
const RESIDENT_MIB_MAX = 700;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");

let cluster: Cluster;
let wire: GrpcWire;

beforeEach(async () => {
  cluster = await startQuorate();
  wire = new GrpcWire(cluster.endpoints[0] ?? "");
  onTestFailed(() => console.error(logsOf(cluster)));
  await put("sentinel", "1");
});
afterEach(async () => {
  wire.close();
  await cluster.stop();
});

describe("hostile bytes", () => {
  it(
    `change nothing at the client port: ${INPUTS} inputs from seed ${SEED}`,
    async () => {
      const dice = new Dice(SEED);
      const before = await stateOf();
      await inLanes(INPUTS / 4, () => knock(cluster.members[0]?.client ?? "", clientBytes(dice)));
      await inLanes((INPUTS * 3) / 4, () => callWith(dice));
      await expectUnharmed(before);
    },
    FUZZ_MILLIS,
  );

  it(
    `change nothing at the peer port: ${INPUTS / 4} inputs from seed ${SEED}`,
    async () => {
      const dice = new Dice(SEED + 1);
      const before = await stateOf();
      await inLanes(INPUTS / 4, () => knock(cluster.members[0]?.peer ?? "", peerBytes(dice)));
      await expectUnharmed(before);
    },
    FUZZ_MILLIS,
  );

  it("are hung up on where they are no preface, and cost nobody else anything", async () => {
    const endpoint = cluster.members[0]?.client ?? "";
    for (const bytes of [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX",
      "PRI * HTTP/1.9\r\n\r\n",
      "\x16\x03\x01\x02\0",
      "\0".repeat(64),
    ]) {
      const answer = await knock(endpoint, raw(bytes), 5000);
      expect(answer.closed, JSON.stringify(bytes)).toBe(true);
    }
    await put("after", "1");
  });
});

describe("clients that are slow, or gone", () => {
  it("a slow reader of a watch gets every event once it reads, and holds up nobody", async () => {
    const { path, request, response } = methodOf("Watch/Watch");
    const slow = new GrpcWire(cluster.endpoints[0] ?? "");
    const call = slow.open(path);
    call.send(encodeMessage(request, { create_request: { key: raw("s") } }));
    await call.next();
    call.pause();
    const count = 150;
    for (let i = 0; i < count; i++) await put("s", `${i}:`.padEnd(100_000, "v"));
    expect(residentMib()).toBeLessThan(RESIDENT_MIB_MAX);
    call.resume();
    const seen: string[] = [];
    while (seen.length < count) {
      const message = await within(20_000, "events", call.next());
      if (message === null) break;
      const { events } = decodeMessage(response, message) as { events?: readonly Put[] };
      for (const { kv } of events ?? []) seen.push(kv.value.slice(0, kv.value.indexOf(":")));
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => String(i)));
    slow.close();
  });

  it("clients that vanish in the middle of streams and requests leave nothing behind", async () => {
    const watch = methodOf("Watch/Watch");
    for (let i = 0; i < 100; i++) {
      const gone = new GrpcWire(cluster.endpoints[0] ?? "");
      const call = gone.open(watch.path);
      call.send(encodeMessage(watch.request, { create_request: { key: raw("x") } }));
      await call.next();
      gone.open("/etcdserverpb.KV/Put").sendRaw(Uint8Array.from([0, 0, 1, 0, 0, 0x0a]));
      gone.close();
    }
    await put("x", "1");
    await eventually(5000, "no watcher is left", async () => {
      const metrics = await (await fetch(`http://${cluster.endpoints[0]}/metrics`)).text();
      return /^etcd_debugging_mvcc_watcher_total 0$/m.test(metrics) ? true : null;
    });
  });

  it("ten thousand watchers of other keys do not keep a put waiting", async () => {
    const { path, request } = methodOf("Watch/Watch");
    const call = wire.open(path);
    const watchers = 10_000;
    for (let i = 0; i < watchers; i++) {
      call.send(encodeMessage(request, { create_request: { key: raw(`other/${i}`) } }));
    }
    for (let i = 0; i < watchers; i++) await within(30_000, "created", call.next());
    await within(1000, "a put", put("mine", "1"));
    await put(`other/${watchers - 1}`, "1");
    expect(await within(5000, "the event", call.next())).not.toBeNull();
    call.cancel();
  });
});

interface Put {
  readonly kv: { readonly value: string };
}

/** Random, or what a client says with some of it changed. */
function clientBytes(dice: Dice): Uint8Array {
  const http1 = 'POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{"key":"YQ=="}';
  switch (dice.below(4)) {
    case 0:
      return dice.bytes(1 + dice.below(400));
    case 1:
      return dice.mutated(Buffer.from(http1));
    case 2:
      return dice.mutated(Buffer.concat([PREFACE, http2Frame(dice)]));
    default:
      return Buffer.concat([
        PREFACE,
        dice.mutated(http2Frame(dice)),
        dice.mutated(http2Frame(dice)),
      ]);
  }
}

/** A frame of any type and any flags, its length true. */
function http2Frame(dice: Dice): Buffer {
  const payload = dice.bytes(dice.below(60));
  const head = Buffer.from([
    0,
    0,
    payload.length,
    dice.below(12),
    dice.below(256),
    0,
    0,
    0,
    dice.below(8),
  ]);
  return Buffer.concat([head, payload]);
}

/** A hello, alone or with a frame behind it, with some of it changed; now and then plain noise. */
function peerBytes(dice: Dice): Uint8Array {
  if (dice.below(4) === 0) return dice.bytes(1 + dice.below(400));
  const hello = encodeHello({
    type: "Peer",
    versions: PEER_VERSIONS,
    cluster: clusterId(7n),
    node: nodeId(9n),
    start: startId(11n),
    features: 0n,
  });
  const payload = dice.bytes(dice.below(80));
  const lane = dice.pick(["control", "log", "bulk"] as const);
  const head = encodeFrameHead({ start: startId(11n), sequence: dice.below(3), lane }, [payload]);
  const all = Buffer.concat([hello, head, payload]);
  return dice.below(3) === 0
    ? Buffer.concat([hello, dice.mutated(head), payload])
    : dice.mutated(all);
}

/** Methods that change nothing, with messages that are nearly right. */
const CALLS: readonly [readonly [string, Plain], ...(readonly [string, Plain])[]] = [
  [
    "KV/Range",
    { key: raw("a"), range_end: raw("z"), limit: 5, revision: 1, sort_order: "DESCEND" },
  ],
  ["KV/Range", { key: raw("\0"), range_end: raw("\0"), keys_only: true }],
  [
    "KV/Txn",
    {
      compare: [{ key: raw("a"), target: "VALUE", value: raw("b") }],
      failure: [{ request_range: { key: raw("k") } }],
    },
  ],
  ["Lease/LeaseTimeToLive", { ID: 7, keys: true }],
  ["Lease/LeaseKeepAlive", { ID: 7 }],
  [
    "Watch/Watch",
    { create_request: { key: raw("a"), range_end: raw("z"), filters: ["NOPUT"], fragment: true } },
  ],
  ["Maintenance/HashKV", { revision: 1 }],
  ["Cluster/MemberList", {}],
];

async function callWith(dice: Dice): Promise<void> {
  const [method, message] = dice.pick(CALLS);
  const { path, request } = methodOf(method);
  const bytes =
    dice.below(8) === 0
      ? dice.bytes(dice.below(100))
      : dice.mutated(encodeMessage(request, message));
  // One bit makes a range within a transaction a put: that is no hostile input but another request.
  if (writesWhenRead(method, bytes)) return;
  const call = wire.open(path);
  if (method !== "KV/Txn" && dice.below(6) === 0)
    call.sendRaw(dice.mutated(Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes])));
  else call.send(bytes);
  call.end();
  // A watch that was opened all the same goes on until it is cancelled.
  if (method === "Watch/Watch") {
    await Promise.race([call.next(), call.status]);
    call.cancel();
  }
  await within(15_000, `${method} ${bytes.toString("hex")}`, call.status);
}

/** Is it a transaction that puts or deletes, as far as it can be read at all? */
function writesWhenRead(method: string, bytes: Uint8Array): boolean {
  if (method !== "KV/Txn") return false;
  try {
    const txn = decodeMessage(methodOf(method).request, Buffer.from(bytes));
    const text = JSON.stringify(txn, (_, value) => (typeof value === "bigint" ? null : value));
    return text.includes("request_put") || text.includes("request_delete_range");
  } catch {
    return false;
  }
}

async function inLanes(count: number, one: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Says the bytes on a connection of their own; whoever does not hang up is left after a while. */
function knock(
  endpoint: string,
  bytes: Uint8Array,
  waitMillis = 150,
): Promise<{ readonly closed: boolean }> {
  const [host = "", port = ""] = endpoint.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => socket.write(bytes));
    const timer = setTimeout(() => {
      resolve({ closed: false });
      socket.destroy();
    }, waitMillis);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ closed: true });
    });
  });
}

async function put(key: string, value: string): Promise<void> {
  const { path, request } = methodOf("KV/Put");
  const call = wire.open(path).send(encodeMessage(request, { key: raw(key), value: raw(value) }));
  const status = await within(10_000, `put ${key}`, call.end().status);
  expect(status).toMatchObject({ code: 0 });
}

/** All that is in the store, as the first member says it after asking a quorum. */
async function stateOf(): Promise<Plain> {
  const { path, request, response } = methodOf("KV/Range");
  const all = encodeMessage(request, { key: raw("\0"), range_end: raw("\0") });
  const answer = await within(10_000, "the state", wire.open(path).send(all).end().next());
  const { header, ...rest } = decodeMessage(response, answer ?? Buffer.alloc(0));
  return { ...rest, revision: (header as { readonly revision: string }).revision };
}

async function expectUnharmed(before: Plain): Promise<void> {
  expect(await stateOf()).toEqual(before);
  for (const { process: server } of cluster.members) expect(server.isRunning).toBe(true);
  expect(residentMib()).toBeLessThan(RESIDENT_MIB_MAX);
  await put("after", "1");
}

function residentMib(): number {
  const status = readFileSync(`/proc/${cluster.members[0]?.process.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
