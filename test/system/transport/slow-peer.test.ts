import { once } from "node:events";
import net from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  clusterId,
  encodeHello,
  type Lane,
  nodeId,
  PEER_VERSIONS,
  PeerLink,
  startId,
} from "@quorate/kernel/core";
import { afterEach, describe, expect, test } from "vitest";
import { identityOf, Party } from "./rig.ts";

const MIB = 2 ** 20;
const BOUNDS: Readonly<Record<Lane, number>> = { control: MIB, log: 8 * MIB, bulk: 2 * MIB };
/** What the two sockets of a connection and their system hold. */
const SOCKET_BYTES_MAX = 16 * MIB;
const FRAME_BYTES = 64 * 1024;

const closing: { close(): Promise<void> }[] = [];
const sockets: net.Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const one of closing.splice(0)) await one.close();
});

/** Node 2, and on the other end of its link node 1, which says hello and reads nothing more. */
async function deafPeer(idleMillis: number): Promise<{ node: Party; deaf: net.Socket }> {
  const limits = {
    controlBytesMax: BOUNDS.control,
    logBytesMax: BOUNDS.log,
    bulkBytesMax: BOUNDS.bulk,
    idleMillis,
    sweepMillis: 5,
  };
  const node = new Party(identityOf(2n), limits);
  await node.listen();
  closing.push(node.transport);
  node.meets({ node: 1n, address: "127.0.0.1:1" });
  const deaf = net.connect(node.port, "127.0.0.1");
  sockets.push(deaf);
  deaf.on("error", () => {});
  deaf.pause();
  await once(deaf, "connect");
  const life = { cluster: clusterId(7n), node: nodeId(1n), start: startId(500n) };
  deaf.write(encodeHello({ type: "Peer", versions: PEER_VERSIONS, ...life, features: 0n }));
  await node.linkedTo(1n);
  return { node, deaf };
}

/** The end of a connection, in good order or by a reset, which `once` would throw. */
function closeOf(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** Offers so much on a lane in frames that share no memory, in turns as a host flushes them. */
async function offer(node: Party, lane: Lane, bytes: number): Promise<void> {
  for (let offered = 0; offered < bytes; offered += FRAME_BYTES) {
    node.transport.send(nodeId(1n), lane, [new Uint8Array(FRAME_BYTES)]);
    node.transport.flush();
    if (offered % (16 * FRAME_BYTES) === 0) await new Promise((go) => setImmediate(go));
  }
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
/** Buffers are given back beside the collection that finds them, so the second one knows. */
async function heldBytes(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    collect();
    await new Promise((go) => setImmediate(go));
  }
  collect();
  return process.memoryUsage().arrayBuffers;
}

describe("a peer that reads nothing", () => {
  test.each(["control", "log", "bulk"] as const)(
    "makes us hold no more of the %s lane than its bound: the rest is dropped and counted",
    async (lane) => {
      const { node } = await deafPeer(60_000);
      const before = await heldBytes();
      await offer(node, lane, 128 * MIB);
      expect((await heldBytes()) - before).toBeLessThan(BOUNDS[lane] + SOCKET_BYTES_MAX);
      const dropped = node.transport.counters.of("unsent.queueFull") * FRAME_BYTES;
      expect(dropped).toBeGreaterThan(128 * MIB - BOUNDS[lane] - SOCKET_BYTES_MAX);
      expect(node.transport.linked()).toEqual([1n]);
    },
  );

  test("and one that reads again gets what waited, control before log", async () => {
    const { node, deaf } = await deafPeer(60_000);
    await offer(node, "log", 64 * MIB);
    const mark = Buffer.from("a heartbeat among the log");
    node.transport.send(nodeId(1n), "control", [mark]);
    node.transport.flush();
    const waited = BOUNDS.log / 2;
    let read = 0;
    let before = -1;
    deaf.on("data", (chunk: Buffer) => {
      if (before < 0 && chunk.includes(mark)) before = read;
      read += chunk.length;
      if (read > waited && before >= 0) deaf.destroy();
    });
    deaf.resume();
    await closeOf(deaf);
    // All that the sockets held had to come first; what waited in the lane did not.
    expect(before).toBeLessThan(SOCKET_BYTES_MAX);
    expect(read).toBeGreaterThan(waited);
  });

  test("is hung up on after idleMillis, though it goes on talking, and what waited for it is let go", async () => {
    const { node, deaf } = await deafPeer(300);
    const before = await heldBytes();
    const { counters } = node.transport;
    await offer(node, "log", 32 * MIB);
    // It is heard all the time, and takes nothing.
    const link = new PeerLink(startId(500n), startId(102n));
    const talk = setInterval(() => deaf.write(Buffer.from(link.seal("control", []))), 20);
    const closed = closeOf(deaf);
    await node.until("the link is down", () => node.links.some(({ up }) => !up));
    clearInterval(talk);
    deaf.resume();
    await closed;
    expect(counters.of("closed.stalled")).toBe(1);
    expect(counters.of("framesReceived")).toBeGreaterThan(0);
    expect(counters.of("unsent.linkDown")).toBeGreaterThan(0);
    expect((await heldBytes()) - before).toBeLessThan(MIB);
  });
});
