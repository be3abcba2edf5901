import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { clusterId, encodeHello, nodeId, PEER_VERSIONS, startId } from "@quorate/kernel/core";
import { afterEach, expect, it } from "vitest";
import { dialerOf, Relays, type SlowMember } from "../clusters/relays.ts";

const HELLO = encodeHello({
  type: "Peer",
  versions: PEER_VERSIONS,
  cluster: clusterId(1n),
  node: nodeId(7n),
  start: startId(3n),
  features: 0n,
});

it("tells who dials by the hello, whatever follows it", () => {
  expect(dialerOf(HELLO)).toBe(nodeId(7n));
  expect(dialerOf(Buffer.concat([HELLO, Buffer.from("frames")]))).toBe(nodeId(7n));
});

it("knows nobody who begins with something else", () => {
  expect(dialerOf(HELLO.subarray(0, 10))).toBeNull();
  expect(dialerOf(HELLO.subarray(0, HELLO.length - 1))).toBeNull();
  expect(dialerOf(Buffer.alloc(64, "x"))).toBeNull();
  expect(
    dialerOf(encodeHello({ type: "Refused", versions: PEER_VERSIONS, reason: "" })),
  ).toBeNull();
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** How long an echo takes through a relay before member 0, for one that says the hello of node 7. */
async function echoMillis(slow: SlowMember | null): Promise<number> {
  const target = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  const relays = await Relays.open([0], [portOf(await listening(target))]);
  closing.push(
    () => target.close(),
    () => relays.close(),
  );
  relays.slow = slow;
  const socket = net.connect(relays.portOf(0), "127.0.0.1");
  closing.push(() => socket.destroy());
  const since = performance.now();
  socket.write(HELLO);
  const [echo] = (await once(socket, "data")) as [Uint8Array];
  expect(Buffer.from(echo)).toEqual(Buffer.from(HELLO));
  return performance.now() - since;
}

async function listening(server: net.Server): Promise<net.Server> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: net.Server): number => (server.address() as AddressInfo).port;

it.each([
  { what: "to a slow member", slow: { index: 0, node: nodeId(1n), millis: 30 } },
  { what: "from a slow member", slow: { index: 1, node: nodeId(7n), millis: 30 } },
])("holds what goes $what and what comes back for as long as it was told", async ({ slow }) => {
  expect(await echoMillis(slow)).toBeGreaterThanOrEqual(60);
});

it("carries at once what has nothing to do with the slow member", async () => {
  // So long that only a delay by mistake would take it: the test then ends by its time-out.
  await echoMillis({ index: 1, node: nodeId(2n), millis: 600_000 });
});
