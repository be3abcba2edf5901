import {
  type Bytes,
  type GroupConfig,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  keyspaceId,
  type LogIndex,
  type Machine,
  Malformed,
  type NodeId,
  type Now,
  type Position,
  type Protocol,
  Reader,
  type Recovered,
  SYSTEM_GROUP,
  SYSTEM_KEYSPACE,
  Writer,
} from "../core/index.ts";
import {
  decodeSystemState,
  encodeSystemState,
  type SystemGroup,
  SystemMachine,
  type SystemState,
} from "../machines/system/index.ts";
import {
  decodeRecord,
  type RaftMessage,
  type RaftState,
  raft,
  readConfig,
  writeConfig,
} from "../protocols/raft/index.ts";
import type { Node } from "./node.ts";
import type { NodeOptions } from "./options.ts";
import type { Profile } from "./profiles.ts";
import { RecordKind } from "./record-kind.ts";
import { Replica } from "./replica.ts";
import type { Identity, JournalRecord, RecoveredCheckpoint, RecoveredNode } from "./seam.ts";
import { Sessions } from "./sessions.ts";
import { SnapshotReader } from "./snapshot.ts";

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
const BIRTH: Position = { epoch: 0, index: 1 as LogIndex };

/** How a group began on this node; the first record of its part of the journal. */
interface Birth {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly profile: string;
  readonly config: GroupConfig;
  readonly founder: boolean;
  /** Group 0: the metadata at the founding. */
  readonly initial: Bytes;
}

const SYSTEM_PROFILE = "system";
const VERSION = 1;

/** Brings replicas to life: from what the disk kept, or new, as the system keyspace says. */
export class Births {
  readonly #identity: Identity;
  readonly #bootstrap: Bootstrap;
  readonly #recovered: RecoveredNode;
  readonly #options: NodeOptions;
  readonly #seed: bigint;
  readonly #protocol: Protocol<RaftState, RaftMessage>;

  constructor(
    identity: Identity,
    bootstrap: Bootstrap,
    recovered: RecoveredNode,
    options: NodeOptions,
    seed: bigint,
  ) {
    this.#identity = identity;
    this.#bootstrap = bootstrap;
    this.#recovered = recovered;
    this.#options = options;
    this.#seed = seed;
    this.#protocol = raft(options.raft);
  }

  /** All groups that the disk knows, group 0 first; on the first start of a node group 0 alone, founded or joined. */
  recover(node: Node, now: Now, adopt: (replica: Replica) => void): void {
    const records = recordsByGroup(this.#recovered.records);
    const checkpoints = new Map(
      this.#recovered.checkpoints.map((checkpoint) => [checkpoint.group, checkpoint]),
    );
    const groups = new Set([SYSTEM_GROUP, ...checkpoints.keys(), ...records.keys()]);
    for (const group of [...groups].sort((a, b) => a - b)) {
      const kept = records.get(group) ?? [];
      const checkpoint = checkpoints.get(group) ?? null;
      if (checkpoint === null && kept.length === 0) adopt(this.#found(node, now));
      else adopt(this.#revive(node, group, checkpoint, kept, now));
    }
  }

  /** A group that the system keyspace names and this node does not hold yet. Null for a profile of a later release. */
  bear(node: Node, group: SystemGroup, profile: string, now: Now): Replica | null {
    const self = this.#identity.node;
    const founder = group.born.includes(self);
    const config = founder ? founding(group.born) : joining(self);
    const birth: Birth = {
      group: group.group,
      keyspace: group.keyspace,
      profile,
      config,
      founder,
      initial: new Uint8Array(0),
    };
    return this.#profile(birth) === null ? null : this.#start(node, birth, now);
  }

  #found(node: Node, now: Now): Replica {
    const { founders } = this.#bootstrap;
    const self = this.#identity.node;
    const founder = founders.some((other) => other.node === self);
    const config = founder ? founding(founders.map((other) => other.node)) : joining(self);
    const initial = encodeSystemState(firstState(this.#bootstrap));
    const birth: Birth = {
      group: SYSTEM_GROUP,
      keyspace: SYSTEM_KEYSPACE,
      profile: SYSTEM_PROFILE,
      config,
      founder,
      initial,
    };
    return this.#start(node, birth, now);
  }

  /** Born now: its birth is persisted before anything that it says. */
  #start(node: Node, birth: Birth, now: Now): Replica {
    const replica = this.#replica(
      node,
      birth,
      { checkpoint: null, records: [] },
      null,
      { covers: node.lastSeq(), records: [] },
      now,
    );
    node.bornRecord(replica, encodeBirth(birth));
    return replica;
  }

  #revive(
    node: Node,
    group: GroupId,
    checkpoint: RecoveredCheckpoint | null,
    kept: readonly JournalRecord[],
    now: Now,
  ): Replica {
    const covers = checkpoint?.covers ?? (((kept[0]?.seq ?? 1) - 1) as JournalSeq);
    const later = kept.filter(({ seq, kind }) => seq > covers && kind === RecordKind.protocol);
    if (checkpoint !== null) {
      const { birth, loaded } = this.#load(group, checkpoint);
      const { at, config, meta } = loaded.header;
      return this.#replica(
        node,
        birth,
        { checkpoint: { at, config, meta }, records: later.map(({ bytes }) => bytes) },
        loaded,
        { covers, records: later },
        now,
      );
    }
    const born = kept.find(({ kind }) => kind === RecordKind.born);
    if (born === undefined)
      throw new Malformed(
        `the journal has no birth of group ${group} and there is no checkpoint of it`,
      );
    return this.#replica(
      node,
      decodeBirth(group, born.bytes),
      { checkpoint: null, records: later.map(({ bytes }) => bytes) },
      null,
      { covers, records: later },
      now,
    );
  }

  #load(
    group: GroupId,
    { chunks }: RecoveredCheckpoint,
  ): { readonly birth: Birth; readonly loaded: Loaded } {
    const reader = new SnapshotReader((profile) =>
      this.#machine(profile, encodeSystemState(emptyState())),
    );
    for (const chunk of chunks) reader.push(chunk);
    const loaded = reader.finish();
    if (loaded === null) throw new Malformed(`the checkpoint of group ${group} does not load`);
    const { keyspace, profile, config } = loaded.header;
    return {
      birth: { group, keyspace, profile, config, founder: false, initial: new Uint8Array(0) },
      loaded,
    };
  }

  #replica(
    node: Node,
    birth: Birth,
    recovered: Recovered,
    loaded: Loaded | null,
    { covers, records }: Kept,
    now: Now,
  ): Replica {
    const { group, config } = birth;
    const { node: self } = this.#identity;
    const seed = this.#seed ^ (BigInt(group) * 0x9e3779b97f4a7c15n);
    const begin = birth.founder ? { at: BIRTH, config, meta: null } : null;
    const damaged = this.#recovered.damaged.includes(group);
    const whole = damaged
      ? null
      : this.#protocol.start(
          self,
          config,
          { ...recovered, checkpoint: recovered.checkpoint ?? begin },
          seed,
          now,
        );
    const [state, effects] =
      whole ?? this.#protocol.repair(self, config, recovered.records, seed, now);
    const fresh = whole === null;
    if (fresh)
      node.note("error", "group repairing", {
        group,
        damaged,
        why: "durable records are gone: rebuilt from its peers",
      });
    const machine =
      fresh || loaded === null ? this.#machine(birth.profile, birth.initial) : loaded.machine;
    const profile = this.#profile(birth);
    if (machine === null || profile === null)
      throw new Malformed(`no profile ${birth.profile} in this release`);
    return new Replica(
      {
        group,
        keyspace: birth.keyspace,
        profileName: birth.profile,
        profile,
        state,
        machine,
        sessions: fresh || loaded === null ? new Sessions() : loaded.sessions,
        at: fresh
          ? (0 as LogIndex)
          : (recovered.checkpoint?.at.index ?? begin?.at.index ?? (0 as LogIndex)),
        time: fresh || loaded === null ? 0 : loaded.header.time,
        covers,
        records: fresh
          ? []
          : records.map(({ seq, bytes }) => ({ seq, lastIndex: lastIndexIn(bytes) })),
        recovery: effects,
      },
      this.#identity,
      this.#options,
      this.#protocol,
      node,
    );
  }

  #machine(profile: string, initial: Bytes): Machine | null {
    if (profile === SYSTEM_PROFILE)
      return new SystemMachine(initial.length === 0 ? emptyState() : decodeSystemState(initial));
    return this.#options.profiles.get(profile)?.create() ?? null;
  }

  #profile({ profile, initial }: Birth): Profile | null {
    if (profile !== SYSTEM_PROFILE) return this.#options.profiles.get(profile) ?? null;
    return {
      create: () => this.#machine(profile, initial) as Machine,
      renewals: new Set(),
      withoutRoom: new Set(),
    };
  }
}

/** What is left of a group's part of the journal: where its checkpoint stands, and the protocol's records behind it. */
interface Kept {
  readonly covers: JournalSeq;
  readonly records: readonly JournalRecord[];
}

/** The highest log index in a record, 0 if it holds no entries: as `Persist` told it when it was written. */
function lastIndexIn(bytes: Bytes): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}

type Loaded = NonNullable<ReturnType<SnapshotReader["finish"]>>;

const founding = (voters: readonly NodeId[]): GroupConfig => ({
  epoch: 0,
  voters: [...voters].sort((a, b) => (a < b ? -1 : 1)),
  outgoing: null,
  learners: [],
});

/** Nobody's voter: it follows whoever leads, and gets the real members with the snapshot. */
const joining = (self: NodeId): GroupConfig => ({
  epoch: 0,
  voters: [],
  outgoing: null,
  learners: [self],
});

const emptyState = (): SystemState => firstState({ founders: [] });

function firstState({ founders }: Bootstrap): SystemState {
  const nodes = founders.map(({ node, peerAddress }) => ({
    node,
    name: "",
    peerAddress,
    clientAddresses: [],
    learner: false,
    version: 0,
  }));
  return {
    membershipEpoch: 0,
    nodes: new Map(
      nodes.sort((a, b) => (a.node < b.node ? -1 : 1)).map((node) => [node.node, node]),
    ),
    removed: [],
    keyspaces: new Map(),
    groups: new Map(),
    nextKeyspace: keyspaceId(1),
    nextGroup: 1 as GroupId,
  };
}

function recordsByGroup(records: Iterable<JournalRecord>): Map<GroupId, JournalRecord[]> {
  const groups = new Map<GroupId, JournalRecord[]>();
  for (const record of records) {
    const known = groups.get(record.group);
    if (known === undefined) groups.set(record.group, [record]);
    else known.push(record);
  }
  return groups;
}

function encodeBirth({ keyspace, profile, config, founder, initial }: Birth): Bytes {
  const w = new Writer(128).u8(VERSION).u32(keyspace).text(profile).u8(Number(founder));
  return writeConfig(w, config).bytes(initial).take();
}

function decodeBirth(group: GroupId, bytes: Bytes): Birth {
  const r = new Reader(bytes);
  if (r.u8() !== VERSION) throw new Malformed("a birth record of another release");
  const [keyspace, profile, founder] = [keyspaceId(r.u32()), r.text(), r.u8() === 1];
  const config = readConfig(r);
  return { group, keyspace, profile, founder, config, initial: r.bytes() };
}
