import {
  type Bytes,
  type GroupId,
  groupId,
  keyspaceId,
  Malformed,
  type NodeId,
  nodeId,
  type Office,
  type Petition,
  Reader,
  type StartId,
  startId,
  Writer,
} from "../../core/index.ts";
import type { SystemKeyspace, SystemNode, SystemState, Tenure } from "./state.ts";

/** Kinds of the system keyspace's commands. Numbers are on disk: append only. */
export const SystemKind = {
  addNode: 1,
  removeNode: 2,
  promoteNode: 3,
  updateNode: 4,
  createKeyspace: 5,
  exposeKeyspace: 6,
  dropKeyspace: 7,
  renewTenure: 8,
  appoint: 9,
  petition: 10,
  changeProfile: 11,
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
  /** `fixed`: its members never change. `office`: its primary is appointed. `replicas`: on these; null: on all voting members. */
  | {
      readonly type: "createKeyspace";
      readonly name: string;
      readonly profile: string;
      readonly fixed: boolean;
      readonly office: boolean;
      readonly replicas: readonly NodeId[] | null;
    }
  /** The same data under other terms, where they are still `from`. */
  | {
      readonly type: "changeProfile";
      readonly name: string;
      readonly from: string;
      readonly to: string;
    }
  /** Gives a keyspace a client port of its own, or with null takes it away. */
  | { readonly type: "exposeKeyspace"; readonly name: string; readonly port: number | null }
  | { readonly type: "dropKeyspace"; readonly name: string }
  /** A node that holds offices asks to hold them for so much longer. */
  | {
      readonly type: "renewTenure";
      readonly node: NodeId;
      readonly start: StartId;
      readonly serial: number;
      readonly millis: number;
    }
  /** The leader of group 0 fills an office whose holder's tenure is over. `unclean`: somebody who may lack what was acknowledged. */
  | {
      readonly type: "appoint";
      readonly group: GroupId;
      readonly version: number;
      readonly primary: NodeId;
      readonly unclean: boolean;
    }
  | {
      readonly type: "petition";
      readonly group: GroupId;
      readonly version: number;
      readonly petition: Petition;
    };

const LIST_MAX = 64;
/** The members are named. Only fixed ones are. */
const CHOSEN = 4;
/** No node has this id. */
const NOBODY = nodeId(0n);

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
      // A byte more is what a release before `KEYSPACES_VERSION` does not read: it is there only where it says something.
      w.text(c.name).text(c.profile);
      if (c.fixed) w.u8((c.office ? 2 : 1) + (c.replicas === null ? 0 : CHOSEN));
      return c.replicas === null ? w : writeNodes(w, c.replicas);
    case "changeProfile":
      return w.text(c.name).text(c.from).text(c.to);
    case "exposeKeyspace":
      return optional(w.text(c.name), c.port, (port) => w.u32(port));
    case "dropKeyspace":
      return w.text(c.name);
    case "renewTenure":
      return w.u64(c.node).u64(c.start).uint(c.serial).u32(c.millis);
    case "appoint":
      return w.u32(c.group).uint(c.version).u64(c.primary).u8(Number(c.unclean));
    case "petition":
      return writePetition(w.u32(c.group).uint(c.version), c.petition);
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
    case SystemKind.createKeyspace: {
      const [name, profile, more] = [r.text(), r.text(), r.left > 0 ? r.u8() : 0];
      const replicas = more >= CHOSEN ? readMany(r, () => readNode(r)) : null;
      const kind = more % CHOSEN;
      return { type: "createKeyspace", name, profile, fixed: kind > 0, office: kind > 1, replicas };
    }
    case SystemKind.changeProfile:
      return { type: "changeProfile", name: r.text(), from: r.text(), to: r.text() };
    case SystemKind.exposeKeyspace:
      return {
        type: "exposeKeyspace",
        name: r.text(),
        port: r.u8() === 1 ? r.u32() : null,
      };
    case SystemKind.dropKeyspace:
      return { type: "dropKeyspace", name: r.text() };
    case SystemKind.renewTenure:
      return {
        type: "renewTenure",
        node: readNode(r),
        start: startId(r.u64()),
        serial: r.uint(),
        millis: r.u32(),
      };
    case SystemKind.appoint:
      return {
        type: "appoint",
        group: groupId(r.u32()),
        version: r.uint(),
        primary: readNode(r),
        unclean: r.u8() === 1,
      };
    case SystemKind.petition:
      return {
        type: "petition",
        group: groupId(r.u32()),
        version: r.uint(),
        petition: readPetition(r),
      };
    default:
      throw new Malformed(`the system keyspace has no command of kind ${kind}`);
  }
}

/** 2 adds to each keyspace its port, to each group whether it is fixed and its office, and the tenures. */
const STATE_VERSION_MAX = 2;

/**
 * The whole state; it is small, so one format serves snapshot and hash. Maps are written in order of their ids. In the oldest version
 * that can say it: replicas of two releases compare what they hold by these bytes.
 */
export function encodeSystemState(state: SystemState): Bytes {
  const exposed = [...state.keyspaces.values()].some(({ exposed: port }) => port !== null);
  const fixed = [...state.groups.values()].some((group) => group.fixed);
  const version = exposed || fixed ? 2 : 1;
  const w = new Writer(1024).u8(version).uint(state.membershipEpoch);
  w.u32(state.nextKeyspace).u32(state.nextGroup);
  w.u32(state.nodes.size);
  for (const node of state.nodes.values()) {
    w.u64(node.node).text(node.name).text(node.peerAddress);
    writeList(w, node.clientAddresses).u8(Number(node.learner)).u32(node.version);
  }
  w.u32(state.removed.length);
  for (const node of state.removed) w.u64(node);
  w.u32(state.keyspaces.size);
  for (const { keyspace, name, profile, group, exposed: port } of state.keyspaces.values()) {
    w.u32(keyspace).text(name).text(profile).u32(group);
    if (version > 1) w.u32(port ?? 0);
  }
  w.u32(state.groups.size);
  for (const { group, keyspace, born, fixed: stays, office } of state.groups.values()) {
    w.u32(group).u32(keyspace).u32(born.length);
    for (const node of born) w.u64(node);
    if (version > 1) writeOffice(w.u8(Number(stays)), office);
  }
  if (version > 1) writeTenures(w, state.tenures);
  return w.take();
}

export function decodeSystemState(bytes: Bytes): SystemState {
  const r = new Reader(bytes);
  const version = r.u8();
  if (version < 1 || version > STATE_VERSION_MAX)
    throw new Malformed("the system keyspace of another release");
  const membershipEpoch = r.uint();
  const [nextKeyspace, nextGroup] = [keyspaceId(r.u32()), groupId(r.u32())];
  const nodes = new Map(readMany(r, () => readSystemNode(r)).map((node) => [node.node, node]));
  const removed = readMany(r, () => readNode(r));
  const keyspaces = new Map(
    readMany(r, () => readKeyspace(r, version)).map((keyspace) => [keyspace.keyspace, keyspace]),
  );
  const groups = readMany(r, () => ({
    group: groupId(r.u32()),
    keyspace: keyspaceId(r.u32()),
    born: readMany(r, () => readNode(r)),
    fixed: version > 1 && r.u8() === 1,
    office: version > 1 ? readOffice(r) : null,
  }));
  const tenures = version > 1 ? readTenures(r) : new Map<NodeId, Tenure>();
  r.end();
  const byGroup = new Map(groups.map((group) => [group.group, group]));
  const counters = { membershipEpoch, nextKeyspace, nextGroup };
  return { ...counters, nodes, removed, keyspaces, groups: byGroup, tenures };
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

function readKeyspace(r: Reader, version: number): SystemKeyspace {
  return {
    keyspace: keyspaceId(r.u32()),
    name: r.text(),
    profile: r.text(),
    group: groupId(r.u32()),
    exposed: version > 1 ? r.u32() || null : null,
  };
}

function readMany<T>(r: Reader, read: () => T): readonly T[] {
  const count = r.u32();
  // Every item takes four bytes at least, so a count that lies is found before it costs anything.
  if (count * 4 > r.left) throw new Malformed(`${count} items in ${r.left} bytes`);
  return Array.from({ length: count }, read);
}

function writeOffice(w: Writer, office: Office | null): Writer {
  if (office === null) return w.u8(0);
  w.u8(1)
    .uint(office.epoch)
    .uint(office.version)
    .u64(office.primary ?? NOBODY);
  return writeNodes(w, office.inSync);
}

function readOffice(r: Reader): Office | null {
  if (r.u8() === 0) return null;
  const [epoch, version, primary] = [r.uint(), r.uint(), readNode(r)];
  const inSync = readMany(r, () => readNode(r));
  return { epoch, version, primary: primary === NOBODY ? null : primary, inSync };
}

function writeTenures(w: Writer, tenures: ReadonlyMap<NodeId, Tenure>): void {
  w.u32(tenures.size);
  for (const [node, { until, start, serial }] of tenures)
    w.u64(node).uint(until).u64(start).uint(serial);
}

const readTenures = (r: Reader): ReadonlyMap<NodeId, Tenure> =>
  new Map(
    readMany(r, () => {
      const node = readNode(r);
      return [node, { until: r.uint(), start: startId(r.u64()), serial: r.uint() }] as const;
    }),
  );

function writePetition(w: Writer, petition: Petition): Writer {
  return petition.type === "inSync"
    ? writeNodes(w.u8(1), petition.inSync)
    : w.u8(2).u64(petition.to ?? NOBODY);
}

function readPetition(r: Reader): Petition {
  const type = r.u8();
  if (type === 1) return { type: "inSync", inSync: readMany(r, () => readNode(r)) };
  if (type !== 2) throw new Malformed("no such petition");
  const to = readNode(r);
  return { type: "resign", to: to === NOBODY ? null : to };
}

function writeNodes(w: Writer, nodes: readonly NodeId[]): Writer {
  w.u32(nodes.length);
  for (const node of nodes) w.u64(node);
  return w;
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
