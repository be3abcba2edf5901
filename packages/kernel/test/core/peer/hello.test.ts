import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clusterId, Malformed, nodeId, startId } from "../../../src/core/index.ts";
import {
  compareHellos,
  decodeHello,
  encodeHello,
  HELLO_BYTES_MAX,
  HELLO_PREFIX_BYTES,
  type Hello,
  helloBytes,
  PEER_VERSIONS,
  type PeerHello,
} from "../../../src/core/peer/index.ts";

const id = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const text = fc.string({ unit: "binary", maxLength: 40 });
const versions = fc
  .tuple(fc.nat(255), fc.nat(255))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const hello: fc.Arbitrary<Hello> = fc.oneof(
  fc.record({
    type: fc.constant("Peer" as const),
    versions,
    cluster: id.map(clusterId),
    node: id.map(nodeId),
    start: id.map(startId),
    features: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  }),
  fc.record({
    type: fc.constant("Join" as const),
    versions,
    nonce: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    name: text,
    peerAddress: text,
    clientAddresses: fc.array(text, { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant("Joined" as const),
    versions,
    cluster: id.map(clusterId),
    node: id.map(nodeId),
    members: fc.array(fc.record({ node: id.map(nodeId), address: text }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant("Refused" as const), versions, reason: text }),
);

const mine: PeerHello = {
  type: "Peer",
  versions: PEER_VERSIONS,
  cluster: clusterId(7n),
  node: nodeId(11n),
  start: startId(13n),
  features: 5n,
};

test("a hello of peer version 1 is what it was, byte for byte", () => {
  const golden = new URL("./testdata/hello-1.hex", import.meta.url);
  const stored = readFileSync(golden, "utf8").replaceAll(/\s/g, "");
  expect(Buffer.from(encodeHello(mine)).toString("hex")).toBe(stored);
  expect(decodeHello(new Uint8Array(Buffer.from(stored, "hex")))).toEqual(mine);
});

test("every hello is decoded to what was encoded, and its prefix tells its length", () => {
  fc.assert(
    fc.property(hello, (hello) => {
      const bytes = encodeHello(hello);
      expect(helloBytes(bytes.subarray(0, HELLO_PREFIX_BYTES))).toBe(bytes.length);
      expect(decodeHello(bytes)).toEqual(hello);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test("every flipped bit of a hello is found", () => {
  fc.assert(
    fc.property(hello, fc.nat(), (hello, nth) => {
      const bytes = encodeHello(hello);
      const bit = nth % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeHello(bytes)).toBeInstanceOf(Malformed);
    }),
    { seed: 6, numRuns: 1000 },
  );
});

test("no bytes make the decoder throw, and no announced length goes past the bound", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (noise, withMagic) => {
      if (withMagic) noise.set(encodeHello(mine).subarray(0, Math.min(8, noise.length)));
      expect(decodeHello(noise)).toBeInstanceOf(Malformed);
      const length = helloBytes(noise);
      if (typeof length === "number") expect(length).toBeLessThanOrEqual(HELLO_BYTES_MAX);
    }),
    { seed: 7, numRuns: 1000 },
  );
});

test("LI-3: a peer of another cluster is a mismatch that names both nodes and both clusters", () => {
  const theirs = { ...mine, cluster: clusterId(8n), node: nodeId(12n) };
  const mismatch = compareHellos(mine, theirs, null);
  expect(mismatch).toMatchObject({ code: "WrongCluster" });
  if (!("text" in mismatch)) return;
  for (const named of ["node 11", "node 12", "cluster 7", "cluster 8"]) {
    expect(mismatch.text).toContain(named);
  }
});

test("the highest common version and the common features are agreed on; without a common version nothing is", () => {
  const theirs = { ...mine, node: nodeId(12n), versions: { min: 1, max: 4 }, features: 6n };
  expect(compareHellos({ ...mine, versions: { min: 1, max: 3 } }, theirs, null)).toEqual({
    version: 3,
    features: 4n,
  });
  const newer = { ...theirs, versions: { min: 2, max: 4 } };
  expect(compareHellos(mine, newer, null)).toMatchObject({ code: "NoCommonVersion" });
});

test("a node that meets itself, or another than it dialled, does not go on", () => {
  expect(compareHellos(mine, mine, null)).toMatchObject({ code: "WrongNode" });
  const theirs = { ...mine, node: nodeId(12n) };
  expect(compareHellos(mine, theirs, nodeId(14n))).toMatchObject({ code: "WrongNode" });
});
