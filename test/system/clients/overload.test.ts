import { readFileSync } from "node:fs";
import {
  type ClientEnd,
  type ClientHandler,
  type ClientMethod,
  Code,
  GrpcClient,
} from "@quorate/http2";
import { Etcd3, type Lease } from "etcd3";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { call, type StatusAnswer } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { within } from "../support/deadline.ts";
import { encodeMessage, methodOf, raw } from "../support/etcd-messages.ts";
import { GrpcWire, type WireCall } from "../support/grpc-wire.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

/** The flood, by what it consists of. */
const CONNECTIONS = 1000;
const LOADED_CONNECTIONS = 10;
const PUTS_OUTSTANDING = 15_000;
const PUTS_ANSWERED_MIN = 60_000;
const WATCHERS_ASLEEP = 40;
const HUGE_PUTS = 40;
const HUGE_BYTES = 1_400_000;
/** A client that is refused asks again after so long. */
const BACK_OFF_MILLIS = 200;
const FLOOD_MILLIS = 90_000;

/** A node at rest, 60 MiB of values, and the bounds that the flood presses on: 48 MiB of requests, 4 MiB for each watch. */
const RESIDENT_MIB_MAX = 800;
/** The load shares the machine with what it loads, and its own timers come late. */
const TTL_SECONDS = 10;

const PUT = methodOf("KV/Put");
const WATCH = methodOf("Watch/Watch");
const putOf = (key: string, bytes: number): Uint8Array =>
  encodeMessage(PUT.request, { key: raw(key), value: Buffer.alloc(bytes, "v") });

let cluster: Cluster;
let endpoint: string;
let host: string;
let port: number;
const stop: (() => void)[] = [];

beforeAll(async () => {
  cluster = await startQuorate(1);
  endpoint = cluster.endpoints[0] ?? "";
  host = endpoint.slice(0, endpoint.lastIndexOf(":"));
  port = Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
});
afterAll(async () => {
  for (const one of stop.splice(0)) one();
  await cluster.stop();
});

/** Counts how puts ended, by code and text. */
class Tally {
  readonly ends = new Map<string, number>();
  answered = 0;

  count({ status }: ClientEnd): void {
    const end = status.code === Code.OK ? "ok" : `${status.code} ${status.message}`;
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
    this.answered++;
  }

  of(end: string): number {
    return this.ends.get(end) ?? 0;
  }
}

/** One that puts, over and over, and waits a little where it is refused. */
class Putter implements ClientHandler {
  readonly #client: GrpcClient;
  readonly #method: ClientMethod;
  readonly #body: Uint8Array;
  readonly #onEnd: (end: ClientEnd) => boolean;

  constructor(client: GrpcClient, body: Uint8Array, onEnd: (end: ClientEnd) => boolean) {
    this.#client = client;
    this.#method = client.method(PUT.path);
    this.#body = body;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#client.start(this.#method, this).writeLast([this.#body]);
  }

  onHead(): void {}
  onMessage(): void {}
  onDrain(): void {}

  onEnd(end: ClientEnd): void {
    if (!this.#onEnd(end)) return;
    if (end.status.code === Code.OK) this.start();
    else setTimeout(() => this.start(), BACK_OFF_MILLIS);
  }
}

async function connected(): Promise<GrpcClient> {
  const client = await GrpcClient.connect({ host, port });
  stop.push(() => client.destroy());
  return client;
}

/** A watch of everything whose client reads nothing after it was opened. */
async function watcherAsleep(): Promise<void> {
  const wire = new GrpcWire(endpoint);
  stop.push(() => wire.close());
  const watch: WireCall = wire.open(WATCH.path);
  const create = { key: raw("\0"), range_end: raw("\0") };
  watch.send(encodeMessage(WATCH.request, { create_request: create }));
  await watch.next();
  watch.pause();
}

/** A lease that the npm client of etcd keeps alive on a connection of its own, as it does by itself. */
async function leaseKeptAlive(): Promise<Lease> {
  const client = new Etcd3({ hosts: `http://${endpoint}` });
  stop.push(() => client.close());
  const lease = client.lease(TTL_SECONDS);
  lease.on("keepaliveFailed", () => {});
  await lease.grant();
  return lease;
}

async function revision(): Promise<number> {
  const answer = await call<StatusAnswer & { header: { revision: string } }>(
    endpoint,
    "/maintenance/status",
    {},
    10_000,
  );
  return answer.type === "ok" ? Number(answer.body.header.revision) : Number.NaN;
}

/** The most that the node ever had, in MiB. */
function residentMost(): number {
  const status = readFileSync(`/proc/${cluster.members[0]?.process.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

it("a flood takes bounded memory, loses no lease, and what it has refused was not done", async () => {
  onTestFailed(() => console.error(logsOf(cluster)));
  const lease = await leaseKeptAlive();
  let renewed = 0;
  lease.on("keepaliveSucceeded", () => void renewed++);
  for (let i = 0; i < WATCHERS_ASLEEP; i++) await watcherAsleep();
  const clients: GrpcClient[] = [];
  for (let i = 0; i < CONNECTIONS; i++) clients.push(await connected());
  const before = await revision();

  const tally = new Tally();
  const { promise: enough, resolve: hasEnough } = Promise.withResolvers<void>();
  const { promise: quiet, resolve: isQuiet } = Promise.withResolvers<void>();
  let over = false;
  let underWay = PUTS_OUTSTANDING + HUGE_PUTS;
  const onEnd =
    (again: boolean) =>
    (end: ClientEnd): boolean => {
      tally.count(end);
      if (tally.answered >= PUTS_ANSWERED_MIN) hasEnough();
      const goesOn = again && !over;
      if (!goesOn && --underWay === 0) isQuiet();
      return goesOn;
    };
  const small = putOf("flood/small", 32);
  const huge = putOf("flood/huge", HUGE_BYTES);
  for (let i = 0; i < PUTS_OUTSTANDING; i++) {
    const client = clients[i % (i % 2 === 0 ? LOADED_CONNECTIONS : CONNECTIONS)];
    if (client !== undefined) new Putter(client, small, onEnd(true)).start();
  }
  for (let i = 0; i < HUGE_PUTS; i++) {
    const client = clients[i];
    if (client !== undefined) new Putter(client, huge, onEnd(false)).start();
  }
  await within(FLOOD_MILLIS, "the flood", enough);
  over = true;
  await within(FLOOD_MILLIS, "its end", quiet);

  // What was acknowledged was done, and of the rest only what nobody can know: a refusal is definite.
  const refused = `${Code.ResourceExhausted} etcdserver: too many requests`;
  const unknown = tally.of(`${Code.Unavailable} etcdserver: request timed out`);
  const noLeader = tally.of(`${Code.Unavailable} etcdserver: no leader`);
  const done = (await revision()) - before;
  expect(tally.answered).toBe(tally.of("ok") + tally.of(refused) + noLeader + unknown);
  expect(done).toBeGreaterThanOrEqual(tally.of("ok"));
  expect(done).toBeLessThanOrEqual(tally.of("ok") + unknown);
  expect(tally.of("ok")).toBeGreaterThan(1000);
  expect(tally.of(refused)).toBeGreaterThan(0);
  expect(renewed).toBeGreaterThan(0);
  await lease.keepaliveOnce();
  expect(residentMost()).toBeLessThan(RESIDENT_MIB_MAX);
}, 240_000);
