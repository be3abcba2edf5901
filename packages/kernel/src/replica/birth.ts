import {
  type Bytes,
  type GroupConfig,
  type GroupId,
  type KeyspaceId,
  keyspaceId,
  type LogIndex,
  Malformed,
  type NodeId,
  type Position,
  Reader,
  readConfig,
  Writer,
  writeConfig,
} from "../core/index.ts";
import type { SystemNode, SystemState } from "../machines/system/index.ts";

/**
 * The first configuration, which every founder computes alike. A node that joins later is not among them: it names the
 * members it was told of, to know whom to listen to until the real metadata comes.
 */
export interface Bootstrap {
  readonly founders: readonly {
    readonly node: NodeId;
    readonly name: string;
    readonly peerAddress: string;
  }[];
}

/**
 * Where a founder's log begins: behind a first entry that nobody wrote. Whoever was not there at the founding has not
 * even that, so its leader sends a snapshot instead of a log that starts from a state it does not know.
 */
export const BIRTH: Position = { epoch: 0, index: 1 as LogIndex };

/** How a group began on this node; the first record of its part of the journal. */
export interface Birth {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly profile: string;
  readonly config: GroupConfig;
  readonly founder: boolean;
  /** Group 0: the metadata at the founding. */
  readonly initial: Bytes;
}

const VERSION = 1;

export function encodeBirth({ keyspace, profile, config, founder, initial }: Birth): Bytes {
  const w = new Writer(128).u8(VERSION).u32(keyspace).text(profile).u8(Number(founder));
  return writeConfig(w, config).bytes(initial).take();
}

/** Throws `Malformed`. */
export function decodeBirth(group: GroupId, bytes: Bytes): Birth {
  const r = new Reader(bytes);
  if (r.u8() !== VERSION) throw new Malformed("a birth record of another release");
  const [keyspace, profile, founder] = [keyspaceId(r.u32()), r.text(), r.u8() === 1];
  const config = readConfig(r);
  return { group, keyspace, profile, founder, config, initial: r.bytes() };
}

export const founding = (voters: readonly NodeId[]): GroupConfig => ({
  epoch: 0,
  voters: [...voters].sort((a, b) => (a < b ? -1 : 1)),
  outgoing: null,
  learners: [],
});

/** Nobody's voter: it follows whoever leads, and gets the real members with the snapshot. */
export const joining = (self: NodeId): GroupConfig => ({
  epoch: 0,
  voters: [],
  outgoing: null,
  learners: [self],
});

/** The metadata of a cluster that has just begun. */
export const firstState = ({ founders }: Bootstrap): SystemState =>
  membersAlone(
    founders.map(({ node, peerAddress }) => ({
      node,
      name: "",
      peerAddress,
      clientAddresses: [],
      learner: false,
      version: 0,
    })),
  );

/** Metadata that names members and nothing else: enough to know whom to listen to. */
export const membersAlone = (nodes: Iterable<SystemNode>): SystemState => ({
  membershipEpoch: 0,
  nodes: new Map(
    [...nodes].sort((a, b) => (a.node < b.node ? -1 : 1)).map((node) => [node.node, node]),
  ),
  removed: [],
  keyspaces: new Map(),
  groups: new Map(),
  tenures: new Map(),
  nextKeyspace: keyspaceId(1),
  nextGroup: 1 as GroupId,
});
