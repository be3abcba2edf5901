import net from "node:net";
import {
  clusterId,
  concat,
  encodeHello,
  fromUtf8,
  type Lane,
  nodeId,
  PEER_VERSIONS,
  PeerLink,
  startId,
  utf8,
} from "@quorate/kernel/core";
import { afterEach, describe, expect, test } from "vitest";
import { JoinFailed, requestJoin } from "../../../packages/server/src/transport/index.ts";
import { faithful, Relay } from "./relay.ts";
import { identityOf, Party } from "./rig.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

const quick = {
  sweepMillis: 5,
  keepAliveMillis: 20,
  idleMillis: 400,
  redialMillisMin: 5,
  redialMillisMax: 20,
};

async function party(node: bigint, limits = {}, cluster = 7n, start = node + 100n): Promise<Party> {
  const made = new Party(identityOf(node, cluster, start), limits);
  await made.listen();
  closing.push(made.transport);
  return made;
}

/** Nodes 1 and 2, linked through a relay that begins faithful. */
async function relayed(seed: bigint) {
  const [a, b] = [await party(1n, quick), await party(2n, quick)];
  const relay = await Relay.open(b.port, faithful, seed);
  closing.push(relay);
  b.meets({ node: 1n, address: "127.0.0.1:1" });
  a.meets({ node: 2n, address: relay.address });
  await Promise.all([a.linkedTo(2n), b.linkedTo(1n)]);
  return { a, b, relay };
}

const say = (from: Party, to: bigint, text: string, lane: Lane = "log"): void => {
  from.transport.send(nodeId(to), lane, [utf8(text)]);
  from.transport.flush();
};

/** A socket that speaks by hand; `closed` resolves when the other side hung up. */
function byHand(port: number, first: Uint8Array) {
  const socket = net.connect(port, "127.0.0.1", () => socket.write(first));
  socket.on("error", () => {});
  const heard: Buffer[] = [];
  socket.on("data", (chunk) => heard.push(chunk));
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => resolve(Buffer.concat(heard).toString("latin1")));
  });
  return { socket, closed };
}

const helloOf = (node: bigint, cluster = 7n, start = 500n): Uint8Array =>
  encodeHello({
    type: "Peer",
    versions: PEER_VERSIONS,
    cluster: clusterId(cluster),
    node: nodeId(node),
    start: startId(start),
    features: 0n,
  });

describe("a pair of members", () => {
  test("has one link, dialled by the lower id, and frames go both ways", async () => {
    const { a, b } = await relayed(1n);
    say(a, 2n, "from a");
    say(b, 1n, "from b");
    await Promise.all([
      a.until("b's frame", () => a.frames.length > 0),
      b.until("a's frame", () => b.frames.length > 0),
    ]);
    expect(b.frames).toEqual([{ from: 1n, payload: utf8("from a") }]);
    expect(a.frames).toEqual([{ from: 2n, payload: utf8("from b") }]);
    expect(b.transport.counters.of("dials")).toBe(0);
  });

  test("hears of a cut at once, and is linked again by itself", async () => {
    const { a, b, relay } = await relayed(2n);
    relay.cutAll();
    await b.until("link down and up again", () => b.links.length === 3);
    await a.until("link down and up again", () => a.links.length === 3);
    expect(a.links.map(({ up }) => up)).toEqual([true, false, true]);
    say(a, 2n, "again");
    await b.until("a frame on the new link", () => b.frames.length === 1);
  });

  test("is linked again after one side's process was replaced, and its new life is accepted", async () => {
    const { b, relay } = await relayed(3n);
    const [first] = closing;
    await first?.close();
    const reborn = await party(1n, quick, 7n, 999n);
    reborn.meets({ node: 2n, address: relay.address });
    await reborn.linkedTo(2n);
    say(reborn, 2n, "reborn");
    await b.until("a frame of the new life", () => b.frames.length === 1);
  });

  test("keeps a quiet link alive by frames that nobody is handed, past the bound of idleness", async () => {
    const { b, relay } = await relayed(4n);
    // Each side sends one per `keepAliveMillis` at most: so many take twice as long as silence may last.
    await relay.afterFrames((4 * quick.idleMillis) / quick.keepAliveMillis);
    expect(b.frames).toEqual([]);
    expect(b.links.length).toBe(1);
  });
});

/** What runs each time is a sample; `QUORATE_LINK_FRAMES=2000000` takes some ten minutes. */
const FRAMES = Number(process.env["QUORATE_LINK_FRAMES"] ?? 5000);
const LINK_MILLIS = 60_000 + FRAMES;

test(
  "LI-1: whatever a relay cuts, loses, repeats, swaps or alters, what arrives is whole, in order, and once",
  async () => {
    const { a, b, relay } = await relayed(5n);
    const text = (n: number): string => `${n}:${"abcdefghij".repeat(n % 50)}`;
    let next = 0;
    const offer = (): void => {
      for (let i = 0; i < 20; i++) say(a, 2n, text(next++), i % 3 === 0 ? "control" : "log");
    };
    a.onLink = (_, up) => up && offer();
    a.onFrame = offer;
    b.onFrame = () => b.frames.length % 10 === 0 && say(b, 1n, "more");
    relay.mischief = { cut: 2, lose: 3, repeat: 3, swap: 3, alter: 5 };
    offer();

    const did = () => Object.values(relay.did).every((times) => times >= 3);
    await b.until(
      `${FRAMES} frames and all mischief`,
      () => b.frames.length >= FRAMES && did(),
      LINK_MILLIS,
    );

    const numbers = b.frames.map(({ payload }) => {
      const received = fromUtf8(payload);
      const n = Number(received.split(":")[0]);
      expect(received).toBe(text(n));
      return n;
    });
    // Frames of one flush may change lanes, and so places, before they are sealed: hence not sorted, but never twice.
    expect(new Set(numbers).size).toBe(numbers.length);
    const dropped = (reason: "checksum" | "sequence"): number =>
      a.transport.counters.of(`dropped.${reason}`) + b.transport.counters.of(`dropped.${reason}`);
    const { alter, lose, repeat, swap } = relay.did;
    expect(dropped("checksum")).toBeGreaterThan(0);
    expect(dropped("checksum")).toBeLessThanOrEqual(alter);
    expect(dropped("sequence")).toBeGreaterThan(0);
    expect(dropped("sequence")).toBeLessThanOrEqual(lose + 2 * repeat + 2 * swap);
    expect(b.transport.counters.of("closed.frame") + a.transport.counters.of("closed.frame")).toBe(
      dropped("checksum") + dropped("sequence"),
    );
  },
  LINK_MILLIS,
);

test("LI-2: a frame of the sender's earlier life that arrives after its restart is dropped and counted", async () => {
  const b = await party(2n, quick);
  b.meets({ node: 1n, address: "127.0.0.1:1" });
  const [early, now] = [startId(400n), startId(500n)];
  const frame = (link: PeerLink, text: string) =>
    concat([link.seal("log", [utf8(text)]), utf8(text)]);
  const old = new PeerLink(early, startId(102n));
  const link = new PeerLink(now, startId(102n));
  const late = frame(old, "vote for me");
  const { socket } = byHand(
    b.port,
    concat([helloOf(1n), frame(link, "one"), late, frame(link, "two")]),
  );
  await b.until("the second frame of this life", () => b.frames.length === 2);
  expect(b.frames.map(({ payload }) => fromUtf8(payload))).toEqual(["one", "two"]);
  expect(b.transport.counters.of("dropped.otherLife")).toBe(1);
  socket.destroy();
});

describe("LI-3: who does not belong is refused before a frame is looked at", () => {
  test("a peer of another cluster, naming both nodes and both clusters", async () => {
    const b = await party(2n, quick);
    b.meets({ node: 1n, address: "127.0.0.1:1" });
    const said = await byHand(b.port, helloOf(1n, 8n)).closed;
    for (const named of ["node 1 ", "cluster 8", "node 2 ", "cluster 7"])
      expect(said).toContain(named);
    expect(b.transport.counters.of("refused.wrongCluster")).toBe(1);
    expect(b.links).toEqual([]);
  });

  test("a node that is no member, one that dials the wrong way, and one that is no node at all", async () => {
    const b = await party(2n, quick);
    b.meets({ node: 1n, address: "127.0.0.1:1" }, { node: 9n, address: "127.0.0.1:1" });
    expect(await byHand(b.port, helloOf(4n)).closed).toContain("node 4 is no member");
    expect(await byHand(b.port, helloOf(9n)).closed).toContain("node 2 dials node 9");
    expect(await byHand(b.port, utf8("GET / HTTP/1.1\r\n\r\n")).closed).toContain(
      "no Quorate peer",
    );
    const { counters } = b.transport;
    expect(counters.of("refused.unknownPeer")).toBe(1);
    expect(counters.of("refused.wrongDirection")).toBe(1);
    expect(counters.of("refused.malformed")).toBe(1);
  });
});

test("a frame of impossible length closes the link before anything is allocated for it", async () => {
  const b = await party(2n, quick);
  b.meets({ node: 1n, address: "127.0.0.1:1" });
  const bytes = concat([helloOf(1n), new Uint8Array(8).fill(0xff)]);
  await byHand(b.port, bytes).closed;
  expect(b.transport.counters.of("closed.length")).toBe(1);
});

test("HI-2: a thousand callers that trickle their hello are closed at the deadline; a link beside them works on", async () => {
  const [a, b] = [await party(1n, quick), await party(2n, { ...quick, helloMillis: 1500 })];
  b.meets({ node: 1n, address: "127.0.0.1:1" });
  a.meets({ node: 2n, address: b.address });
  await a.linkedTo(2n);
  const hello = helloOf(1n);
  const callers = Array.from({ length: 1000 }, () => byHand(b.port, hello.subarray(0, 1)));
  let sent = 1;
  const trickle = setInterval(() => {
    for (const { socket } of callers)
      if (!socket.destroyed) socket.write(hello.subarray(sent, sent + 1));
    sent++;
  }, 200);
  b.onFrame = (_, payload) => say(b, 1n, fromUtf8(payload));
  a.onFrame = (_, payload) => say(a, 2n, fromUtf8(payload));
  say(a, 2n, "ping");
  await Promise.all(callers.map(({ closed }) => closed));
  clearInterval(trickle);
  expect(b.transport.counters.of("refused.deadline")).toBe(1000);
  expect(a.frames.length).toBeGreaterThan(100);
  expect(b.links.length).toBe(1);
}, 60_000);

test("HI-2: a member whose frame does not end in time is hung up on", async () => {
  const b = await party(2n, { ...quick, frameMillis: 200, idleMillis: 60_000 });
  b.meets({ node: 1n, address: "127.0.0.1:1" });
  const link = new PeerLink(startId(500n), startId(102n));
  const frame = concat([link.seal("log", [new Uint8Array(1000)]), new Uint8Array(1000)]);
  const { socket, closed } = byHand(b.port, concat([helloOf(1n), frame.subarray(0, 30)]));
  let at = 30;
  const trickle = setInterval(() => socket.write(frame.subarray(at, ++at)), 20);
  await closed;
  clearInterval(trickle);
  expect(b.transport.counters.of("closed.slowFrame")).toBe(1);
  expect(b.frames).toEqual([]);
});

describe("a node without an identity", () => {
  const request = { nonce: 5n, name: "d", peerAddress: "127.0.0.1:4", clientAddresses: ["x:1"] };

  test("asks a member and gets cluster, id and members", async () => {
    const a = await party(1n);
    const members = [{ node: nodeId(1n), address: a.address }];
    a.onJoin = async (asked) => {
      expect(asked).toMatchObject(request);
      const [cluster, node] = [clusterId(7n), nodeId(4n)];
      return { type: "Joined", versions: PEER_VERSIONS, cluster, node, members };
    };
    const joined = await requestJoin(a.address, request, null, 5000);
    expect(joined).toMatchObject({ cluster: 7n, node: 4n, members });
  });

  test("is told why not, by whom it asked or by its own deadline", async () => {
    const a = await party(1n);
    a.onJoin = async () => ({
      type: "Refused",
      versions: PEER_VERSIONS,
      reason: "the cluster is full",
    });
    const refused = requestJoin(a.address, request, null, 5000);
    await expect(refused).rejects.toThrow(JoinFailed);
    await expect(refused).rejects.toThrow(/the cluster is full/);
    a.onJoin = () => new Promise(() => {});
    await expect(requestJoin(a.address, request, null, 100)).rejects.toThrow(/no answer in 100 ms/);
  });

  test("that still waits for its answer does not keep a port from closing", async () => {
    const a = await party(1n);
    const asked = new Promise<void>((resolve) => {
      a.onJoin = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const waiting = requestJoin(a.address, request, null, 30_000).catch((error) => error);
    await asked;
    await a.transport.close();
    expect(await waiting).toBeInstanceOf(JoinFailed);
  });
});
