import { decoded, Malformed, Reader, Writer } from "../bytes.ts";
import { crc32c } from "../crc32c.ts";
import {
  type Bytes,
  type ClusterId,
  clusterId,
  type NodeId,
  nodeId,
  type StartId,
  startId,
} from "../ids.ts";

/**
 * The first message in each direction of a connection to a peer port; nothing else is parsed before it. A dialling
 * peer says `Peer` and is answered by `Peer` or `Refused`; a node without an identity says `Join` and is answered
 * by `Joined` or `Refused`, and the connection ends.
 */
export type Hello = PeerHello | JoinHello | JoinedHello | RefusedHello;

export interface PeerHello {
  readonly type: "Peer";
  readonly versions: VersionRange;
  readonly cluster: ClusterId;
  readonly node: NodeId;
  /** The life of the sender's process; its frames on this connection carry the same. */
  readonly start: StartId;
  /** Bits that both must have set before either uses what they stand for. Unknown bits are ignored. */
  readonly features: bigint;
}

/** Asks to become a member. Whoever asks again with the same nonce is the same node and gets the same id. */
export interface JoinHello {
  readonly type: "Join";
  readonly versions: VersionRange;
  readonly nonce: bigint;
  readonly name: string;
  /** host:port where the members can reach the node's peer port. */
  readonly peerAddress: string;
  readonly clientAddresses: readonly string[];
}

export interface JoinedHello {
  readonly type: "Joined";
  readonly versions: VersionRange;
  readonly cluster: ClusterId;
  /** The id that the cluster gave to the node that asked. */
  readonly node: NodeId;
  readonly members: readonly { readonly node: NodeId; readonly address: string }[];
}

/** What was asked, why not, and what to do, in words for the log of the one who asked. */
export interface RefusedHello {
  readonly type: "Refused";
  readonly versions: VersionRange;
  readonly reason: string;
}

/** The peer protocol versions that a node speaks, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export const PEER_VERSIONS: VersionRange = { min: 1, max: 1 };

/** Bytes of a hello that tell its length: the same in all versions, so that versions can be negotiated. */
export const HELLO_PREFIX_BYTES = 16;
export const HELLO_BYTES_MAX = 64 * 1024;
export const HELLO_TEXT_BYTES_MAX = 1024;
export const HELLO_MEMBERS_MAX = 512;
export const HELLO_CLIENT_ADDRESSES_MAX = 16;

/** "QRTPEER\n" */
const MAGIC = 0x0a52454550545251n;
const TYPES: readonly Hello["type"][] = ["Peer", "Join", "Joined", "Refused"];

/** Layout: magic u64, type u8, lowest and highest version u8, zero u8, body length u32, body, crc32c u32 of all before. */
export function encodeHello(hello: Hello): Bytes {
  const body = encodeBody(hello);
  const w = new Writer(HELLO_PREFIX_BYTES + body.length).u64(MAGIC).u8(TYPES.indexOf(hello.type));
  w.u8(hello.versions.min).u8(hello.versions.max).u8(0).bytes(body);
  const summed = w.take();
  return new Writer(summed.length + 4).raw(summed).u32(crc32c(summed)).take();
}

/** Length of the whole hello that begins with these `HELLO_PREFIX_BYTES`. Bounded, so it may be allocated. */
export function helloBytes(prefix: Bytes): number | Malformed {
  return decoded(() => {
    const r = new Reader(prefix);
    if (r.u64() !== MAGIC)
      throw new Malformed("this is no Quorate peer: its first eight bytes are others");
    r.raw(4);
    const total = HELLO_PREFIX_BYTES + r.u32() + 4;
    if (total > HELLO_BYTES_MAX)
      throw new Malformed(`a hello of ${total} bytes, at most ${HELLO_BYTES_MAX}`);
    return total;
  });
}

/** Total: a hello or the reason why these bytes are none. */
export function decodeHello(bytes: Bytes): Hello | Malformed {
  return decoded(() => {
    const r = new Reader(bytes);
    if (r.u64() !== MAGIC)
      throw new Malformed("this is no Quorate peer: its first eight bytes are others");
    const type = TYPES[r.u8()];
    const versions = { min: r.u8(), max: r.u8() };
    r.raw(1);
    const body = new Reader(r.bytes());
    const sum = crc32c(bytes.subarray(0, r.at));
    if (r.u32() !== sum) throw new Malformed("hello damaged: its checksum differs");
    r.end();
    if (type === undefined) throw new Malformed("a hello of an unknown type");
    if (versions.min > versions.max)
      throw new Malformed("a version range that ends before it begins");
    const hello = decodeBody(type, versions, body);
    body.end();
    return hello;
  });
}

function encodeBody(hello: Hello): Bytes {
  const w = new Writer();
  switch (hello.type) {
    case "Peer":
      return w.u64(hello.cluster).u64(hello.node).u64(hello.start).u64(hello.features).take();
    case "Join":
      w.u64(hello.nonce).text(hello.name).text(hello.peerAddress).u32(hello.clientAddresses.length);
      for (const address of hello.clientAddresses) w.text(address);
      return w.take();
    case "Joined":
      w.u64(hello.cluster).u64(hello.node).u32(hello.members.length);
      for (const member of hello.members) w.u64(member.node).text(member.address);
      return w.take();
    case "Refused":
      return w.text(hello.reason).take();
  }
}

function decodeBody(type: Hello["type"], versions: VersionRange, r: Reader): Hello {
  switch (type) {
    case "Peer": {
      const ids = {
        cluster: clusterId(bits63(r)),
        node: nodeId(bits63(r)),
        start: startId(bits63(r)),
      };
      return { type, versions, ...ids, features: r.u64() };
    }
    case "Join": {
      const [nonce, name, peerAddress] = [r.u64(), text(r), text(r)];
      const clientAddresses = list(r, HELLO_CLIENT_ADDRESSES_MAX, text);
      return { type, versions, nonce, name, peerAddress, clientAddresses };
    }
    case "Joined": {
      const [cluster, node] = [clusterId(bits63(r)), nodeId(bits63(r))];
      const member = () => ({ node: nodeId(bits63(r)), address: text(r) });
      return { type, versions, cluster, node, members: list(r, HELLO_MEMBERS_MAX, member) };
    }
    case "Refused":
      return { type, versions, reason: text(r) };
  }
}

function bits63(r: Reader): bigint {
  const bits = r.u64();
  if (bits >= 1n << 63n) throw new Malformed("an id of more than 63 bits");
  return bits;
}

function text(r: Reader): string {
  const at = r.at;
  const text = r.text();
  if (r.at - at > 4 + HELLO_TEXT_BYTES_MAX) throw new Malformed("a text beyond its bound");
  return text;
}

function list<T>(r: Reader, max: number, item: (r: Reader) => T): readonly T[] {
  const count = r.u32();
  if (count > max) throw new Malformed(`a list of ${count}, at most ${max}`);
  return Array.from({ length: count }, () => item(r));
}
