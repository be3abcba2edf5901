import {
  type Bytes,
  groupId,
  keyspaceId,
  Malformed,
  type NodeId,
  nodeId,
  Reader,
  Writer,
} from "../../core/index.ts";
import type { SystemKeyspace, SystemNode, SystemState } from "./state.ts";

/** Kinds of the system keyspace's commands. Numbers are on disk: append only. */
export const SystemKind = {
  addNode: 1,
  removeNode: 2,
  promoteNode: 3,
  updateNode: 4,
  createKeyspace: 5,
} as const;

/** What is proposed to group 0. */
export type SystemCommand =
  /** A member by its peer address; `node` is drawn by whoever proposes and never reused. */
  | {
      readonly type: "addNode";
      readonly node: NodeId;
      readonly name: string;
      readonly peerAddress: string;
      readonly learner: boolean;
    }
  | { readonly type: "removeNode"; readonly node: NodeId }
  | { readonly type: "promoteNode"; readonly node: NodeId }
  /** A node reports itself when it starts, or an operator moves it: null keeps what was known. */
  | {
      readonly type: "updateNode";
      readonly node: NodeId;
      readonly name: string | null;
      readonly peerAddress: string | null;
      readonly clientAddresses: readonly string[] | null;
      readonly version: number | null;
    }
  | { readonly type: "createKeyspace"; readonly name: string; readonly profile: string };

const LIST_MAX = 64;

export function encodeSystemCommand(command: SystemCommand): {
  readonly kind: number;
  readonly body: Bytes;
} {
  return { kind: SystemKind[command.type], body: writeBody(new Writer(128), command).take() };
}

function writeBody(w: Writer, c: SystemCommand): Writer {
  switch (c.type) {
    case "addNode":
      return w.u64(c.node).text(c.name).text(c.peerAddress).u8(Number(c.learner));
    case "removeNode":
    case "promoteNode":
      return w.u64(c.node);
    case "updateNode":
      w.u64(c.node);
      optional(w, c.name, (text) => w.text(text));
      optional(w, c.peerAddress, (text) => w.text(text));
      optional(w, c.clientAddresses, (list) => writeList(w, list));
      return optional(w, c.version, (version) => w.u32(version));
    case "createKeyspace":
      return w.text(c.name).text(c.profile);
  }
}

/** Throws `Malformed`; the machine turns that into a refusal. */
export function decodeSystemCommand(kind: number, body: Bytes): SystemCommand {
  const r = new Reader(body);
  const command = readBody(kind, r);
  r.end();
  return command;
}

function readBody(kind: number, r: Reader): SystemCommand {
  switch (kind) {
    case SystemKind.addNode:
      return {
        type: "addNode",
        node: readNode(r),
        name: r.text(),
        peerAddress: r.text(),
        learner: r.u8() === 1,
      };
    case SystemKind.removeNode:
      return { type: "removeNode", node: readNode(r) };
    case SystemKind.promoteNode:
      return { type: "promoteNode", node: readNode(r) };
    case SystemKind.updateNode:
      return {
        type: "updateNode",
        node: readNode(r),
        name: r.u8() === 1 ? r.text() : null,
        peerAddress: r.u8() === 1 ? r.text() : null,
        clientAddresses: r.u8() === 1 ? readList(r) : null,
        version: r.u8() === 1 ? r.u32() : null,
      };
    case SystemKind.createKeyspace:
      return { type: "createKeyspace", name: r.text(), profile: r.text() };
    default:
      throw new Malformed(`the system keyspace has no command of kind ${kind}`);
  }
}

const STATE_VERSION = 1;

/** The whole state; it is small, so one format serves snapshot and hash. Maps are written in order of their ids. */
export function encodeSystemState(state: SystemState): Bytes {
  const w = new Writer(1024).u8(STATE_VERSION).uint(state.membershipEpoch);
  w.u32(state.nextKeyspace).u32(state.nextGroup);
  w.u32(state.nodes.size);
  for (const node of state.nodes.values()) {
    w.u64(node.node).text(node.name).text(node.peerAddress);
    writeList(w, node.clientAddresses).u8(Number(node.learner)).u32(node.version);
  }
  w.u32(state.removed.length);
  for (const node of state.removed) w.u64(node);
  w.u32(state.keyspaces.size);
  for (const { keyspace, name, profile, group } of state.keyspaces.values()) {
    w.u32(keyspace).text(name).text(profile).u32(group);
  }
  w.u32(state.groups.size);
  for (const { group, keyspace, born } of state.groups.values()) {
    w.u32(group).u32(keyspace).u32(born.length);
    for (const node of born) w.u64(node);
  }
  return w.take();
}

export function decodeSystemState(bytes: Bytes): SystemState {
  const r = new Reader(bytes);
  if (r.u8() !== STATE_VERSION) throw new Malformed("the system keyspace of another release");
  const membershipEpoch = r.uint();
  const [nextKeyspace, nextGroup] = [keyspaceId(r.u32()), groupId(r.u32())];
  const nodes = new Map(readMany(r, () => readSystemNode(r)).map((node) => [node.node, node]));
  const removed = readMany(r, () => readNode(r));
  const keyspaces = new Map(
    readMany(r, () => readKeyspace(r)).map((keyspace) => [keyspace.keyspace, keyspace]),
  );
  const groups = readMany(r, () => ({
    group: groupId(r.u32()),
    keyspace: keyspaceId(r.u32()),
    born: readMany(r, () => readNode(r)),
  }));
  r.end();
  const byGroup = new Map(groups.map((group) => [group.group, group]));
  return { membershipEpoch, nodes, removed, keyspaces, groups: byGroup, nextKeyspace, nextGroup };
}

function readSystemNode(r: Reader): SystemNode {
  return {
    node: readNode(r),
    name: r.text(),
    peerAddress: r.text(),
    clientAddresses: readList(r),
    learner: r.u8() === 1,
    version: r.u32(),
  };
}

function readKeyspace(r: Reader): SystemKeyspace {
  return {
    keyspace: keyspaceId(r.u32()),
    name: r.text(),
    profile: r.text(),
    group: groupId(r.u32()),
  };
}

function readMany<T>(r: Reader, read: () => T): readonly T[] {
  const count = r.u32();
  // Every item takes four bytes at least, so a count that lies is found before it costs anything.
  if (count * 4 > r.left) throw new Malformed(`${count} items in ${r.left} bytes`);
  return Array.from({ length: count }, read);
}

function readNode(r: Reader): NodeId {
  const id = r.u64();
  if (id >= 1n << 63n) throw new Malformed("a node id has 63 bits");
  return nodeId(id);
}

function writeList(w: Writer, list: readonly string[]): Writer {
  w.u32(list.length);
  for (const text of list) w.text(text);
  return w;
}

function readList(r: Reader): readonly string[] {
  const count = r.u32();
  if (count > LIST_MAX) throw new Malformed(`a list of ${count}`);
  return Array.from({ length: count }, () => r.text());
}

function optional<T>(w: Writer, value: T | null, write: (value: T) => Writer): Writer {
  w.u8(value === null ? 0 : 1);
  return value === null ? w : write(value);
}
