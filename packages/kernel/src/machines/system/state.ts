import {
  byId,
  type GroupId,
  type KeyspaceId,
  type NodeId,
  type Office,
  type StartId,
} from "../../core/index.ts";

/** The metadata of the cluster: what group 0 replicates. Replaced, never changed, so a fork is the value itself. */
export interface SystemState {
  /** Rises with every change of the members: the fence of the reconciler. */
  readonly membershipEpoch: number;
  readonly nodes: ReadonlyMap<NodeId, SystemNode>;
  /** A removed node's id never returns. */
  readonly removed: readonly NodeId[];
  readonly keyspaces: ReadonlyMap<KeyspaceId, SystemKeyspace>;
  readonly groups: ReadonlyMap<GroupId, SystemGroup>;
  /** Of the nodes that are some group's primary: until when each of them may act. */
  readonly tenures: ReadonlyMap<NodeId, Tenure>;
  /** Counters: an id is never given twice, even if what had it is gone. */
  readonly nextKeyspace: KeyspaceId;
  readonly nextGroup: GroupId;
}

/**
 * The lease of a node for all offices that it holds. The promise is kept whether or not the node heard of it (catalogue D1): nobody else
 * is appointed before `until`. The node itself counts from when it asked, for a shorter time.
 */
export interface Tenure {
  /** In group 0's log time, which passes only while somebody leads: it may be later than promised, never earlier. */
  readonly until: number;
  /** Which request this grants: of which life of the node, and which of that life's. */
  readonly start: StartId;
  readonly serial: number;
}

export interface SystemNode {
  readonly node: NodeId;
  /** Empty until the node has started. */
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddresses: readonly string[];
  readonly learner: boolean;
  /** The newest formats this node's release can apply; 0 until it has started. */
  readonly version: number;
}

export interface SystemKeyspace {
  readonly keyspace: KeyspaceId;
  readonly name: string;
  readonly profile: string;
  readonly group: GroupId;
  /** The client port that speaks of this keyspace alone; null: there is none, and calls name it by their metadata. */
  readonly exposed: number | null;
}

export interface SystemGroup {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  /** The voters at birth: every first replica starts from the same configuration. */
  readonly born: readonly NodeId[];
  /** Its protocol changes no members: it has those it was born with. */
  readonly fixed: boolean;
  /** Of a protocol whose primary is appointed; else null. */
  readonly office: Office | null;
}

/** Bounds of the metadata; a command beyond one is refused. */
export const NODES_MAX = 64;
export const KEYSPACES_MAX = 20_000;
export const NAME_CHARACTERS_MAX = 255;
export const LEARNERS_MAX = 1;

export const votersOf = (state: SystemState): readonly NodeId[] => idsWhere(state, false);
export const learnersOf = (state: SystemState): readonly NodeId[] => idsWhere(state, true);

/** The first release that exposes and drops keyspaces, and has groups of fixed members. */
export const KEYSPACES_VERSION = 2;
/** The first whose leaders wait for what an earlier one leased to caches. */
export const CACHES_VERSION = 3;

/** What all members can apply: replicas apply nothing newer (contracts, Every byte has a version). */
export function clusterVersionOf(state: SystemState): number {
  const versions = [...state.nodes.values()]
    .map(({ version }) => version)
    .filter((version) => version > 0);
  return versions.length === 0 ? 1 : Math.min(...versions);
}

const idsWhere = (state: SystemState, learner: boolean): readonly NodeId[] =>
  [...state.nodes.values()]
    .filter((node) => node.learner === learner)
    .map(({ node }) => node)
    .sort(byId);
