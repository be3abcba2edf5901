import {
  type Bytes,
  decoded,
  type GroupId,
  groupId,
  HELLO_MEMBERS_MAX,
  HELLO_TEXT_BYTES_MAX,
  Malformed,
  type NodeId,
  nodeId,
  putU32,
  Reader,
  type RequestId,
  u32At,
  Writer,
} from "../core/index.ts";
import type { PeerAddress } from "./seam.ts";

/** What a frame carries for a group; the byte on the wire. Unknown ones are counted and dropped (contracts, Peer wire). */
export const FrameKind = {
  /** One message of the group's protocol. */
  protocol: 1,
  /** Envelopes that a follower's node ships to the leader. */
  forward: 2,
  /** Of these nothing was appended: send them elsewhere. */
  forwardRefused: 3,
  /** A piece of a snapshot, on the bulk lane. */
  chunk: 4,
  chunkTaken: 5,
  /** The leader's log time, for groups whose machine measures it. */
  logTime: 6,
  /** A replica's hash at a mark. */
  hash: 7,
  /** What the leader decided about a replica whose hash differed. */
  verdict: 8,
  /** This node lives, has so much room, and knows the members since this change; for group 0, from node to node. */
  alive: 9,
  /** A replica that lost its state asks for a snapshot. */
  snapshotWanted: 10,
  /** Who the members are, for a node that does not know of the last change yet. */
  members: 11,
  /** How far a replica's log goes that misses its primary, for whoever fills the office. */
  standpoint: 12,
  /** How many disks hold an entry, asked of the leader by a member whose caller waits for more of them; and that they do. */
  acksQuestion: 13,
  acksAnswer: 14,
  /** Writes that a member had and the group has not, by their names. */
  lostWrites: 15,
} as const;

export interface Item {
  readonly group: GroupId;
  readonly kind: number;
  readonly bytes: Bytes;
}

const ITEM_OVERHEAD_BYTES = 9;

/** (group, kind, length) before an item's bytes. */
export function itemHeader(group: GroupId, kind: number, length: number): Bytes {
  const header = new Uint8Array(ITEM_OVERHEAD_BYTES);
  putU32(header, 0, group);
  header[4] = kind;
  putU32(header, 5, length);
  return header;
}

/** All items of a frame, or why it is malformed; then none of them counts. */
export function readItems(payload: Bytes): readonly Item[] | Malformed {
  const items: Item[] = [];
  for (let at = 0; at < payload.length; ) {
    const from = at + ITEM_OVERHEAD_BYTES;
    if (from > payload.length) return new Malformed("an item ends in its header");
    const end = from + u32At(payload, at + 5);
    if (end > payload.length) return new Malformed("an item is longer than its frame");
    items.push({
      group: groupId(u32At(payload, at)),
      kind: payload[at + 4] ?? 0,
      bytes: payload.subarray(from, end),
    });
    at = end;
  }
  return items;
}

export function encodeForward(envelopes: readonly Bytes[]): Bytes {
  const w = new Writer(envelopes.reduce((sum, part) => sum + part.length + 4, 4)).u32(
    envelopes.length,
  );
  for (const envelope of envelopes) w.bytes(envelope);
  return w.take();
}

export const decodeForward = (bytes: Bytes): readonly Bytes[] | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const count = r.u32();
    if (count * 4 > r.left) throw new Malformed(`${count} envelopes in ${r.left} bytes`);
    const envelopes: Bytes[] = [];
    for (let i = 0; i < count; i++) envelopes.push(r.bytes());
    r.end();
    return envelopes;
  });

/** Why a forwarded command was not appended. Each is definite. */
const REFUSALS = ["NotLeader", "Overloaded", "NoSpace", "Expired", "Refused"] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface ForwardRefused {
  readonly refusal: Refusal;
  readonly ids: readonly RequestId[];
  /** For `Refused`: the status and text that the caller is given. */
  readonly status: number;
  readonly message: string;
}

export function encodeForwardRefused({ refusal, ids, status, message }: ForwardRefused): Bytes {
  const w = new Writer(32 + ids.length * 8)
    .u8(REFUSALS.indexOf(refusal))
    .u32(status)
    .text(message)
    .u32(ids.length);
  for (const id of ids) w.uint(id);
  return w.take();
}

export const decodeForwardRefused = (bytes: Bytes): ForwardRefused | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const refusal = REFUSALS[r.u8()];
    if (refusal === undefined) throw new Malformed("no such refusal");
    const [status, message] = [r.u32(), r.text()];
    const count = r.u32();
    if (count * 8 > r.left) throw new Malformed(`${count} ids in ${r.left} bytes`);
    const ids = Array.from({ length: count }, () => r.uint() as RequestId);
    r.end();
    return { refusal, ids, status, message };
  });

/** The members as somebody knows them who has seen this change of them. */
export interface MembersTold {
  readonly epoch: number;
  readonly peers: readonly PeerAddress[];
}

export function encodeMembers({ epoch, peers }: MembersTold): Bytes {
  const w = new Writer().uint(epoch).u32(peers.length);
  for (const { node, address } of peers) w.u64(node).text(address);
  return w.take();
}

export const decodeMembers = (bytes: Bytes): MembersTold | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const epoch = r.uint();
    const count = r.u32();
    if (count > HELLO_MEMBERS_MAX) throw new Malformed(`${count} members`);
    const peers = Array.from({ length: count }, () => ({
      node: nodeIn(r),
      address: addressIn(r),
    }));
    r.end();
    return { epoch, peers };
  });

/** host:port: a host that dials it must be able to read it. */
const ADDRESS = /^(?:\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/;

function addressIn(r: Reader): string {
  const address = r.text();
  const port = Number(ADDRESS.exec(address)?.[1]);
  if (address.length > HELLO_TEXT_BYTES_MAX || !(port <= 65_535)) throw new Malformed("no address");
  return address;
}

function nodeIn(r: Reader): NodeId {
  const id = r.u64();
  if (id >= 1n << 63n) throw new Malformed("an id has 63 bits");
  return nodeId(id);
}
