import net from "node:net";
import { encodeHello, nodeId, PEER_VERSIONS, utf8 } from "@quorate/kernel/core";
import { afterEach, describe, expect, it } from "vitest";
import { identityOf, Party } from "../transport/rig.ts";
import { freePort } from "./processes.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

/** Deadlines in thousandths of those that a cluster has, but one: no silence ends a link. */
const quick = {
  sweepMillis: 5,
  keepAliveMillis: 20,
  idleMillis: 60_000,
  redialMillisMin: 5,
  redialMillisMax: 20,
  rollCallMillis: 50,
};

/** A life of a node. */
async function life(node: bigint, start: bigint): Promise<Party> {
  const party = new Party(identityOf(node, 7n, start), quick);
  await party.listen();
  closing.push(party.transport);
  return party;
}

/** Node 2, to which node 1 dials. */
async function dialled(): Promise<Party> {
  const party = await life(2n, 200n);
  party.meets({ node: 1n, address: "127.0.0.1:1" });
  return party;
}

function say(from: Party, text: string): void {
  from.transport.send(nodeId(2n), "log", [utf8(text)]);
  from.transport.flush();
}

/** A life of node 1 that said hello to `to`, and a last word, and then nothing, not even that it ended. */
async function silent(to: Party, start: bigint): Promise<void> {
  const { cluster, node } = identityOf(1n, 7n, start);
  const ids = { cluster, node, start: identityOf(1n, 7n, start).start, features: 0n };
  const hello = encodeHello({ type: "Peer", versions: PEER_VERSIONS, ...ids });
  const socket = net.connect(to.port, "127.0.0.1", () => socket.write(hello));
  socket.on("error", () => {});
  closing.push({ close: async () => void socket.destroy() });
  await to.linkedTo(1n);
}

describe("a life that calls while another of its node is linked", () => {
  it("is told to stop once that was heard of again, which keeps its link", async () => {
    const [peer, first] = [await dialled(), await life(1n, 101n)];
    first.meets({ node: 2n, address: peer.address });
    await peer.linkedTo(1n);
    const second = await life(1n, 102n);
    second.meets({ node: 2n, address: peer.address });
    expect(await second.transport.twin).toMatch(
      /^another node with this id is running at 127\.0\.0\.1: this directory is a copy/,
    );
    expect(second.links).toEqual([]);
    expect(peer.links).toEqual([{ peer: 1n, up: true }]);
    say(first, "still here");
    await peer.until("the first life's frame", () => peer.frames.length > 0);
  });

  it("takes its place once that has been silent for longer than it could be", async () => {
    const peer = await dialled();
    await silent(peer, 101n);
    const second = await life(1n, 102n);
    second.meets({ node: 2n, address: peer.address });
    await second.linkedTo(2n);
    expect(peer.links.map(({ up }) => up)).toEqual([true, false, true]);
    expect(peer.transport.counters.of("refused.contested")).toBeGreaterThan(0);
    expect(peer.transport.counters.of("refused.twin")).toBe(0);
    say(second, "I follow");
    await peer.until("the second life's frame", () => peer.frames.length > 0);
  });

  it("does not wait for one whose link has ended", async () => {
    const [peer, first] = [await dialled(), await life(1n, 101n)];
    first.meets({ node: 2n, address: peer.address });
    await peer.linkedTo(1n);
    await first.transport.close();
    await peer.until("the end of the link", () => peer.links.length === 2);
    const second = await life(1n, 102n);
    second.meets({ node: 2n, address: peer.address });
    await second.linkedTo(2n);
    expect(peer.transport.counters.of("refused.contested")).toBe(0);
  });
});

describe("a roll call at a node's own address", () => {
  it("finds another life of it, which goes on", async () => {
    const [first, second] = [await life(1n, 101n), await life(1n, 102n)];
    expect(await second.transport.rollCall(first.address)).toBe(false);
    expect(await second.transport.twin).toContain(`is running at ${first.address}`);
    expect(first.transport.counters.of("refused.twin")).toBe(1);
    expect(await first.transport.rollCall(first.address)).toBe(true);
  });

  it("is answered by nobody, by the node itself, by another node or by one that says nothing: it is alone", async () => {
    const [self, other] = [await life(1n, 101n), await life(2n, 102n)];
    const mute = net.createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    closing.push({ close: () => new Promise((resolve) => mute.close(() => resolve())) });
    const { port } = mute.address() as net.AddressInfo;
    const addresses = [`127.0.0.1:${await freePort()}`, self.address, other.address];
    for (const address of [...addresses, `127.0.0.1:${port}`, "127.0.0.1:0", ""])
      expect([address, await self.transport.rollCall(address)]).toEqual([address, true]);
  });

  it("is held again where the members know it by another address than it knew", async () => {
    const [first, second] = [await life(1n, 101n), await life(1n, 102n)];
    await second.transport.rollCall(second.address);
    second.meets({ node: 1n, address: first.address });
    expect(await second.transport.twin).toContain(`is running at ${first.address}`);
  });
});
