import {
  ALL_WRITES,
  type Bytes,
  byId,
  type Command,
  concat,
  DEFAULT_KEYSPACE,
  fail,
  groupId,
  type KeyspaceId,
  keyspaceId,
  type Machine,
  type MachineFork,
  Malformed,
  type NodeId,
  type Outcome,
  type Results,
  type Sink,
  succeed,
  Writer,
  type Writes,
} from "../../core/index.ts";
import {
  decodeSystemCommand,
  decodeSystemState,
  encodeSystemState,
  type SystemCommand,
} from "./codec.ts";
import { appointed, firstOffice, petitioned, renewed } from "./offices.ts";
import {
  clusterVersionOf,
  KEYSPACES_MAX,
  KEYSPACES_VERSION,
  LEARNERS_MAX,
  NAME_CHARACTERS_MAX,
  NODES_MAX,
  type SystemKeyspace,
  type SystemNode,
  type SystemState,
  votersOf,
} from "./state.ts";

/** gRPC codes that go with the texts of etcd's Cluster API (reference §16). */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

const PORT_MAX = 65_535;

/**
 * Group 0's machine: nodes, keyspaces and groups. Everything else in the cluster follows from it: which replicas a
 * node holds, whom it dials, which members a group should have. Small, so it is one immutable value.
 */
export class SystemMachine implements Machine {
  readonly watches = null;
  #state: SystemState;
  readonly #rules: SystemRules;
  #encoded: Bytes | null = null;
  #incoming: Bytes[] = [];

  constructor(initial: SystemState, rules: SystemRules = ALL_SYSTEM_RULES) {
    this.#state = initial;
    this.#rules = rules;
  }

  get state(): SystemState {
    return this.#state;
  }

  apply(commands: readonly Command[], out: Results): void {
    for (const { kind, body, origin, at } of commands) {
      const outcome = this.#applyOne(kind, body, at);
      if (origin !== null) out.result(origin, outcome);
    }
  }

  fork(): MachineFork {
    const bytes = this.#bytes();
    const hash = hashOf(bytes);
    return {
      hash,
      dump: (_from, _bytesMax, out: Sink) => {
        out.put(bytes);
        return null;
      },
      audit: () => ({ equal: hashOf(bytes) === hash }),
      release: () => {},
    };
  }

  load(chunk: Bytes): void {
    this.#incoming.push(chunk.slice());
  }

  loaded(): boolean {
    try {
      this.#state = decodeSystemState(concat(this.#incoming));
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
    this.#incoming = [];
    this.#encoded = null;
    return true;
  }

  hash(): bigint {
    return hashOf(this.#bytes());
  }

  tidy(): boolean {
    return false;
  }

  dueAt(): null {
    return null;
  }

  due(): null {
    return null;
  }

  call(): null {
    return null;
  }

  writes(): Writes {
    return ALL_WRITES;
  }

  #bytes(): Bytes {
    this.#encoded ??= encodeSystemState(this.#state);
    return this.#encoded;
  }

  #applyOne(kind: number, body: Bytes, at: number): Outcome {
    let command: SystemCommand;
    try {
      command = decodeSystemCommand(kind, body);
    } catch (error) {
      if (error instanceof Malformed) return rejected(INVALID_ARGUMENT, error.message);
      throw error;
    }
    const result = transition(this.#state, command, at, this.#rules);
    if ("refused" in result) return result.refused;
    this.#state = result.next;
    this.#encoded = null;
    return succeed(result.value);
  }
}

/** Safety rules of group 0, each with a switch for tests. */
interface SystemRules {
  /** Nobody is appointed before the last holder's tenure is over (card 8, rule 2). */
  readonly waitOutTenure: boolean;
}

const ALL_SYSTEM_RULES: SystemRules = Object.freeze({ waitOutTenure: true });

type Transition =
  | { readonly refused: Outcome }
  | { readonly next: SystemState; readonly value: Bytes };

function transition(
  state: SystemState,
  command: SystemCommand,
  at: number,
  { waitOutTenure }: SystemRules,
): Transition {
  switch (command.type) {
    case "addNode":
      return addNode(state, command);
    case "removeNode":
      return removeNode(state, command.node);
    case "promoteNode":
      return promoteNode(state, command.node);
    case "updateNode":
      return updateNode(state, command);
    case "createKeyspace":
      return createKeyspace(state, command);
    case "changeProfile":
      return changeProfile(state, command);
    case "exposeKeyspace":
      return exposeKeyspace(state, command.name, command.port);
    case "dropKeyspace":
      return dropKeyspace(state, command.name);
    case "renewTenure":
      return granted(renewed(state, command, at));
    case "appoint":
      return granted(appointed(state, command, at, waitOutTenure));
    case "petition":
      return granted(petitioned(state, command.group, command.version, command.petition));
  }
}

/**
 * Asked again with the same address by a node that has not started, the answer is the same id: a node that lost the
 * answer to its join may ask once more.
 */
function addNode(
  state: SystemState,
  { node, name, peerAddress, learner }: Extract<SystemCommand, { type: "addNode" }>,
): Transition {
  const known = [...state.nodes.values()].find((other) => other.peerAddress === peerAddress);
  if (known !== undefined) {
    return known.name === "" && name !== ""
      ? { next: state, value: idBytes(known.node) }
      : refuse(FAILED_PRECONDITION, "etcdserver: Peer URLs already exists");
  }
  if (state.nodes.has(node) || state.removed.includes(node))
    return refuse(FAILED_PRECONDITION, "etcdserver: member ID already exist");
  if (state.nodes.size >= NODES_MAX)
    return refuse(FAILED_PRECONDITION, `a cluster has at most ${NODES_MAX} members`);
  const learners = [...state.nodes.values()].filter((other) => other.learner).length;
  if (learner && learners >= LEARNERS_MAX)
    return refuse(FAILED_PRECONDITION, "etcdserver: too many learner members in cluster");
  // The name comes when the node reports itself: until then it counts as not started.
  const added: SystemNode = {
    node,
    name: "",
    peerAddress,
    clientAddresses: [],
    learner,
    version: 0,
  };
  return { next: withNode(state, added, true), value: idBytes(node) };
}

function removeNode(state: SystemState, node: NodeId): Transition {
  const known = state.nodes.get(node);
  if (known === undefined) return refuse(NOT_FOUND, "etcdserver: member not found");
  if (!known.learner && votersOf(state).length === 1) {
    return refuse(
      FAILED_PRECONDITION,
      "etcdserver: re-configuration failed due to not enough started members",
    );
  }
  const needed = keyspaceThatNeeds(state, node);
  if (needed !== null)
    return refuse(
      FAILED_PRECONDITION,
      `the keyspace ${needed.name} has a replica on this member, and its profile ${needed.profile} changes no members: drop that keyspace first`,
    );
  const nodes = new Map([...state.nodes].filter(([id]) => id !== node));
  const removed = [...state.removed, node].sort(byId);
  return {
    next: { ...state, nodes, removed, membershipEpoch: state.membershipEpoch + 1 },
    value: idBytes(node),
  };
}

function promoteNode(state: SystemState, node: NodeId): Transition {
  const known = state.nodes.get(node);
  if (known === undefined) return refuse(NOT_FOUND, "etcdserver: member not found");
  if (!known.learner)
    return refuse(FAILED_PRECONDITION, "etcdserver: can only promote a learner member");
  return { next: withNode(state, { ...known, learner: false }, true), value: idBytes(node) };
}

function updateNode(
  state: SystemState,
  command: Extract<SystemCommand, { type: "updateNode" }>,
): Transition {
  const known = state.nodes.get(command.node);
  if (known === undefined) return refuse(NOT_FOUND, "etcdserver: member not found");
  const taken = [...state.nodes.values()].some(
    (other) => other.node !== command.node && other.peerAddress === command.peerAddress,
  );
  if (taken) return refuse(FAILED_PRECONDITION, "etcdserver: Peer URLs already exists");
  const next: SystemNode = {
    ...known,
    name: command.name ?? known.name,
    peerAddress: command.peerAddress ?? known.peerAddress,
    clientAddresses: command.clientAddresses ?? known.clientAddresses,
    version: command.version ?? known.version,
  };
  return { next: withNode(state, next, false), value: idBytes(command.node) };
}

/** A keyspace whose group cannot do without this node. */
function keyspaceThatNeeds(state: SystemState, node: NodeId): SystemKeyspace | null {
  for (const { keyspace, born, fixed } of state.groups.values())
    if (fixed && born.includes(node)) return state.keyspaces.get(keyspace) ?? null;
  return null;
}

function createKeyspace(
  state: SystemState,
  { name, profile, fixed, office, replicas }: Extract<SystemCommand, { type: "createKeyspace" }>,
): Transition {
  if (fixed && clusterVersionOf(state) < KEYSPACES_VERSION) return tooEarly();
  if (name.length === 0 || name.length > NAME_CHARACTERS_MAX) {
    return refuse(
      INVALID_ARGUMENT,
      `a keyspace has a name of 1 to ${NAME_CHARACTERS_MAX} characters`,
    );
  }
  if (state.keyspaces.size >= KEYSPACES_MAX)
    return refuse(FAILED_PRECONDITION, `a cluster has at most ${KEYSPACES_MAX} keyspaces`);
  if ([...state.keyspaces.values()].some((other) => other.name === name)) {
    return refuse(FAILED_PRECONDITION, `the keyspace ${name} exists already`);
  }
  const { nextKeyspace: keyspace, nextGroup: group } = state;
  const keyspaces = new Map(state.keyspaces).set(keyspace, {
    keyspace,
    name,
    profile,
    group,
    exposed: null,
  });
  const voters = votersOf(state);
  const born = replicas === null ? voters : voters.filter((node) => replicas.includes(node));
  if (replicas !== null && (born.length === 0 || born.length !== replicas.length))
    return refuse(INVALID_ARGUMENT, "replicas are on voting members, on each of them one at most");
  const first = office ? firstOffice(group, born) : null;
  const groups = new Map(state.groups).set(group, { group, keyspace, born, fixed, office: first });
  const next = {
    ...state,
    keyspaces,
    groups,
    nextKeyspace: keyspaceId(keyspace + 1),
    nextGroup: groupId(group + 1),
  };
  return { next, value: keyspaceBytes(keyspace) };
}

/** What the terms may be is for who asks to know: replicas of several releases apply this. */
function changeProfile(
  state: SystemState,
  { name, from, to }: Extract<SystemCommand, { type: "changeProfile" }>,
): Transition {
  if (clusterVersionOf(state) < KEYSPACES_VERSION) return tooEarly();
  const known = keyspaceNamed(state, name);
  if (known === null) return refuse(NOT_FOUND, `there is no keyspace ${name}`);
  if (known.profile !== from)
    return refuse(FAILED_PRECONDITION, `${name} is ${known.profile} by now, not ${from}`);
  const keyspaces = new Map(state.keyspaces).set(known.keyspace, { ...known, profile: to });
  return { next: { ...state, keyspaces }, value: keyspaceBytes(known.keyspace) };
}

function exposeKeyspace(state: SystemState, name: string, port: number | null): Transition {
  if (clusterVersionOf(state) < KEYSPACES_VERSION) return tooEarly();
  const known = keyspaceNamed(state, name);
  if (known === null) return refuse(NOT_FOUND, `there is no keyspace ${name}`);
  if (known.keyspace === DEFAULT_KEYSPACE)
    return refuse(FAILED_PRECONDITION, "the keyspace default is what the client port serves");
  if (port !== null && (port < 1 || port > PORT_MAX))
    return refuse(INVALID_ARGUMENT, `${port} is no port`);
  const other = [...state.keyspaces.values()].find(({ exposed }) => exposed === port);
  if (port !== null && other !== undefined && other !== known)
    return refuse(FAILED_PRECONDITION, `port ${port} speaks of the keyspace ${other.name}`);
  const keyspaces = new Map(state.keyspaces).set(known.keyspace, { ...known, exposed: port });
  return { next: { ...state, keyspaces }, value: keyspaceBytes(known.keyspace) };
}

/** Its data goes with it, on every node that holds a replica. Its ids never return. */
function dropKeyspace(state: SystemState, name: string): Transition {
  if (clusterVersionOf(state) < KEYSPACES_VERSION) return tooEarly();
  const known = keyspaceNamed(state, name);
  if (known === null) return refuse(NOT_FOUND, `there is no keyspace ${name}`);
  if (known.keyspace === DEFAULT_KEYSPACE)
    return refuse(FAILED_PRECONDITION, "the keyspace default stays");
  const keyspaces = new Map(state.keyspaces);
  keyspaces.delete(known.keyspace);
  const groups = new Map(state.groups);
  groups.delete(known.group);
  return { next: { ...state, keyspaces, groups }, value: keyspaceBytes(known.keyspace) };
}

/** Nodes make these commands themselves, and see in the state what came of them. */
const granted = (next: SystemState | null): Transition =>
  next === null
    ? refuse(FAILED_PRECONDITION, "the office is another by now")
    : { next, value: new Uint8Array(0) };

const keyspaceNamed = (state: SystemState, name: string): SystemKeyspace | null =>
  [...state.keyspaces.values()].find((keyspace) => keyspace.name === name) ?? null;

/** Replicas of an older release would not apply it as these do. */
const tooEarly = (): Transition =>
  refuse(FAILED_PRECONDITION, "a member runs a release that does not know this: upgrade it first");

function withNode(state: SystemState, node: SystemNode, membership: boolean): SystemState {
  const nodes = new Map(
    [...state.nodes, [node.node, node] as const].sort(([a], [b]) => byId(a, b)),
  );
  return { ...state, nodes, membershipEpoch: state.membershipEpoch + (membership ? 1 : 0) };
}

const refuse = (status: number, message: string): Transition => ({
  refused: rejected(status, message),
});
const rejected = (status: number, message: string): Outcome =>
  fail({ code: "Rejected", definite: true, status, message });
const idBytes = (node: NodeId): Bytes => new Writer(8).u64(node).take();
const keyspaceBytes = (keyspace: KeyspaceId): Bytes => new Writer(4).u32(keyspace).take();

/** FNV-1a in 64 bits over the whole state: it is small and changes rarely. */
function hashOf(bytes: Bytes): bigint {
  let [low, high] = [0x84222325, 0xcbf29ce4];
  for (const byte of bytes) {
    low ^= byte;
    const a = Math.imul(low, 0x1b3) >>> 0;
    const carry = Math.floor(((low >>> 0) * 0x1b3) / 0x1_0000_0000);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = a;
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
