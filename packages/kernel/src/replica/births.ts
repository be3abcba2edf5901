import {
  type AnyLogProtocol,
  type Bytes,
  type GroupId,
  type JournalSeq,
  type LogIndex,
  type Machine,
  Malformed,
  type Now,
  SYSTEM_GROUP,
  SYSTEM_KEYSPACE,
} from "../core/index.ts";
import {
  decodeSystemState,
  encodeSystemState,
  type SystemGroup,
  SystemMachine,
  type SystemState,
} from "../machines/system/index.ts";
import {
  BIRTH,
  type Birth,
  type Bootstrap,
  decodeBirth,
  encodeBirth,
  firstState,
  founding,
  joining,
  membersAlone,
} from "./birth.ts";
import type { Groups } from "./groups.ts";
import type { Node } from "./node.ts";
import type { NodeOptions } from "./options.ts";
import type { Profile } from "./profiles.ts";
import { protocolOf } from "./protocols.ts";
import { RecordKind } from "./record-kind.ts";
import { Replica } from "./replica.ts";
import type { ReplicaParts } from "./replica-parts.ts";
import type { Identity, JournalRecord, RecoveredCheckpoint, RecoveredNode } from "./seam.ts";
import { Sessions } from "./sessions.ts";
import { type SnapshotHeader, SnapshotReader } from "./snapshot.ts";
import { lastingTerms, profileOf } from "./terms.ts";

const SYSTEM_PROFILE = "system";

/** Brings replicas to life: from what the disk kept, or new, as the system keyspace says. */
export class Births {
  readonly #identity: Identity;
  readonly #bootstrap: Bootstrap;
  readonly #recovered: RecoveredNode;
  readonly #options: NodeOptions;
  readonly #seed: bigint;
  /** One instance for all groups with the same profile, as its text has it. */
  readonly #protocols = new Map<string, AnyLogProtocol>();
  readonly #damaged: Set<GroupId>;
  /** Damaged groups of which not even the birth is left, with what is: they come back when group 0 names them. */
  readonly #orphans = new Map<GroupId, readonly JournalRecord[]>();
  #settled: boolean;

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
    this.#damaged = new Set(options.rules.rebuildDamaged ? recovered.damaged : []);
    this.#settled = !recovered.birthsLost;
  }

  /**
   * Are all groups here that ever were? Until then the damage must stay in the journal: after a restart it is all that
   * tells a group whose birth was lost, and which may have voted, from one that is new (JN-2).
   */
  get settled(): boolean {
    return this.#settled;
  }

  /** All groups that the disk knows, group 0 first; on the first start of a node group 0 alone, founded or joined. */
  recover(node: Node, now: Now, adopt: (replica: Replica) => void): void {
    const records = recordsByGroup(this.#recovered.records);
    const checkpoints = new Map(
      this.#recovered.checkpoints.map((checkpoint) => [checkpoint.group, checkpoint]),
    );
    // Records of a group that has neither a birth nor a checkpoint: these are what is lost.
    for (const [group, kept] of this.#options.rules.rebuildDamaged ? records : [])
      if (!checkpoints.has(group) && !kept.some(isBirth)) this.#damaged.add(group);
    const groups = new Set([
      SYSTEM_GROUP,
      ...this.#damaged,
      ...checkpoints.keys(),
      ...records.keys(),
    ]);
    for (const group of [...groups].sort((a, b) => a - b)) {
      const kept = records.get(group) ?? [];
      const checkpoint = checkpoints.get(group) ?? null;
      if (checkpoint !== null) adopt(this.#load(node, group, checkpoint, kept, now));
      else if (kept.some(isBirth)) adopt(this.#revive(node, group, kept, now));
      else if (kept.length > 0 && !this.#damaged.has(group))
        throw new Malformed(
          `the journal has no birth of group ${group} and there is no checkpoint of it`,
        );
      else if (group === SYSTEM_GROUP) adopt(this.#found(node, kept, now));
      else this.#orphan(group, kept);
    }
  }

  /** A group that the system keyspace names and this node does not hold yet. Null for a profile of a later release. */
  bear(node: Node, system: SystemState, group: SystemGroup, now: Now): Replica | null {
    const keyspace = system.keyspaces.get(group.keyspace);
    if (keyspace === undefined) return null;
    const { name } = keyspace;
    const profile = lastingTerms(keyspace.profile);
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
    if (this.#profile(birth) === null) {
      node.note("error", "profile unknown", { keyspace: name, profile });
      return null;
    }
    const replica = this.#start(node, birth, this.#orphans.get(group.group) ?? [], now);
    this.#orphans.delete(group.group);
    return replica;
  }

  /** Called while it is not settled: is group 0 whole, and every group that it names for this node? True when that has come. */
  settle(groups: Groups): boolean {
    const { node } = this.#identity;
    const held = [...groups.system.groups.values()].filter(
      ({ fixed, born }) => !fixed || born.includes(node),
    );
    const named = [SYSTEM_GROUP, ...held.map(({ group }) => group)];
    this.#settled = named.every((group) => groups.get(group)?.state.repairing === false);
    return this.#settled;
  }

  /** A group that begins here now may have been here, and have voted and acknowledged what it has forgotten. */
  #isReborn(group: GroupId): boolean {
    const unnamed = this.#recovered.birthsLost && !this.#settled;
    if (!this.#options.rules.rebornAreSilent) return false;
    return unnamed || this.#damaged.has(group) || this.#orphans.has(group);
  }

  #orphan(group: GroupId, kept: readonly JournalRecord[]): void {
    this.#orphans.set(group, kept);
    this.#settled = false;
  }

  #found(node: Node, kept: readonly JournalRecord[], now: Now): Replica {
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
    return this.#start(node, birth, kept, now);
  }

  /** Born now, or born again after its birth was lost: its birth is persisted before anything that it says. */
  #start(node: Node, birth: Birth, kept: readonly JournalRecord[], now: Now): Replica {
    const covers = node.lastSeq();
    const replica = this.#isReborn(birth.group)
      ? this.#repair(node, birth, kept, covers, now)
      : this.#whole(node, birth, null, { covers, records: [] }, now);
    if (replica === null) throw new RangeError("an empty replica always starts");
    node.bornRecord(replica, encodeBirth(birth));
    return replica;
  }

  /** From its birth and all that was recorded since. What an earlier birth left is no part of its log. */
  #revive(node: Node, group: GroupId, kept: readonly JournalRecord[], now: Now): Replica {
    const at = kept.findLastIndex(isBirth);
    const birth = decodeBirth(group, (kept[at] as JournalRecord).bytes);
    const covers = ((kept[at] as JournalRecord).seq - 1) as JournalSeq;
    const later = { covers, records: kept.slice(at + 1) };
    const whole = this.#damaged.has(group) ? null : this.#whole(node, birth, null, later, now);
    return whole ?? this.#repair(node, birth, kept, covers, now);
  }

  #load(
    node: Node,
    group: GroupId,
    checkpoint: RecoveredCheckpoint,
    kept: readonly JournalRecord[],
    now: Now,
  ): Replica {
    const { covers, chunks } = checkpoint;
    const reader = new SnapshotReader((profile) =>
      this.#machine(profile, encodeSystemState(membersAlone([]))),
    );
    for (const chunk of chunks) reader.push(chunk);
    const loaded = reader.finish();
    if (loaded === null) return this.#reload(node, group, checkpoint, reader.header, kept, now);
    const { keyspace, profile, config } = loaded.header;
    const birth = { group, keyspace, profile, config, founder: false, initial: hintOf(loaded) };
    const later = { covers, records: kept.filter(({ seq }) => seq > covers) };
    const whole = this.#damaged.has(group) ? null : this.#whole(node, birth, loaded, later, now);
    return whole ?? this.#repair(node, birth, kept, covers, now, loaded.header.meta);
  }

  /**
   * A checkpoint that is what was written, and was wrong when it was written: memory had changed beneath it. What it says
   * of the group is believed, its state is not.
   */
  #reload(
    node: Node,
    group: GroupId,
    { covers }: RecoveredCheckpoint,
    header: SnapshotHeader | null,
    kept: readonly JournalRecord[],
    now: Now,
  ): Replica {
    if (header === null) throw new Malformed(`the checkpoint of group ${group} does not load`);
    const { keyspace, profile, config, meta } = header;
    const initial = new Uint8Array(0);
    const birth = { group, keyspace, profile, config, founder: false, initial };
    return this.#repair(node, birth, kept, covers, now, meta);
  }

  /** Null where the records contradict each other. */
  #whole(
    node: Node,
    birth: Birth,
    loaded: Loaded | null,
    { covers, records }: Kept,
    now: Now,
  ): Replica | null {
    const { group, config } = birth;
    const begin = birth.founder ? { at: BIRTH, config, meta: null } : null;
    const checkpoint = loaded === null ? begin : loaded.header;
    const kept = records.filter(({ kind }) => kind === RecordKind.protocol);
    const protocol = this.#protocolOf(birth);
    const started = protocol.start(
      this.#identity.node,
      config,
      { checkpoint, records: kept.map(({ bytes }) => bytes) },
      this.#seedOf(group),
      now,
    );
    if (started === null) return null;
    const [state, recovery] = started;
    const machine = loaded?.machine ?? this.#machine(birth.profile, birth.initial);
    const at = checkpoint?.at.index ?? (0 as LogIndex);
    return this.#replica(node, birth, {
      state,
      recovery,
      machine,
      sessions: loaded?.sessions ?? new Sessions(),
      at,
      time: loaded?.header.time ?? 0,
      leasedTicks: loaded?.header.leasedTicks ?? 0,
      covers,
      records: kept.map(({ seq, bytes }) => ({ seq, lastIndex: protocol.lastIndexIn(bytes) })),
    });
  }

  /** Empty, and silent until its peers have rebuilt it. `kept` and `meta`: what is readable of its earlier life. */
  #repair(
    node: Node,
    birth: Birth,
    kept: readonly JournalRecord[],
    covers: JournalSeq,
    now: Now,
    meta: Bytes | null = null,
  ): Replica {
    const { group, config } = birth;
    node.note("error", "group repairing", {
      group,
      damaged: this.#isReborn(group),
      why: "durable records are gone: rebuilt from its peers",
    });
    const readable = kept.filter(({ kind }) => kind === RecordKind.protocol);
    const metas = meta === null ? [] : [meta];
    const [state, recovery] = this.#protocolOf(birth).repair(
      this.#identity.node,
      config,
      [...metas, ...readable.map(({ bytes }) => bytes)],
      this.#seedOf(group),
      now,
    );
    return this.#replica(node, birth, {
      state,
      recovery,
      machine: this.#machine(birth.profile, birth.initial),
      sessions: new Sessions(),
      at: 0 as LogIndex,
      time: 0,
      leasedTicks: 0,
      covers,
      records: [],
    });
  }

  #replica(
    node: Node,
    birth: Birth,
    { machine, ...parts }: Omit<ReplicaParts, keyof Named | "machine"> & Built,
  ): Replica {
    const profile = this.#profile(birth);
    if (machine === null || profile === null)
      throw new Malformed(`no profile ${birth.profile} in this release`);
    const { group, keyspace } = birth;
    const protocol = this.#protocolOf(birth);
    const named: Named = { group, keyspace, profileName: birth.profile, profile, protocol };
    return new Replica({ ...named, ...parts, machine }, this.#identity, this.#options, node);
  }

  /** Another for each group, so that they do not all stand for election at the same time. */
  #seedOf(group: GroupId): bigint {
    return this.#seed ^ (BigInt(group) * 0x9e3779b97f4a7c15n);
  }

  #protocolOf(birth: Birth): AnyLogProtocol {
    const known = this.#protocols.get(birth.profile);
    if (known !== undefined) return known;
    const profile = this.#profile(birth);
    if (profile === null) throw new Malformed(`no profile ${birth.profile} in this release`);
    const protocol = protocolOf(this.#options, profile);
    this.#protocols.set(birth.profile, protocol);
    return protocol;
  }

  #machine(profile: string, initial: Bytes): Machine | null {
    if (profile === SYSTEM_PROFILE)
      return new SystemMachine(
        initial.length === 0 ? membersAlone([]) : decodeSystemState(initial),
        this.#options.officeRules,
      );
    return profileOf(this.#options.profiles, profile)?.create() ?? null;
  }

  #profile({ profile, initial }: Birth): Profile | null {
    if (profile !== SYSTEM_PROFILE) return profileOf(this.#options.profiles, profile);
    return {
      create: () => this.#machine(profile, initial) as Machine,
      protocol: "raft",
      fixedMembers: false,
      office: null,
      sync: null,
      pull: null,
      leases: false,
      leased: false,
      caches: false,
      renewals: new Set(),
      withoutRoom: new Set(),
    };
  }
}

type Named = Pick<ReplicaParts, "group" | "keyspace" | "profileName" | "profile" | "protocol">;

interface Built {
  readonly machine: Machine | null;
}

const isBirth = ({ kind }: JournalRecord): boolean => kind === RecordKind.born;

/** Whom group 0 knew, should it have to be rebuilt by them: the rest of its state may be what is damaged. */
function hintOf({ machine }: Loaded): Bytes {
  if (!(machine instanceof SystemMachine)) return new Uint8Array(0);
  return encodeSystemState(membersAlone(machine.state.nodes.values()));
}

/** What is left of a group's part of the journal: where its checkpoint stands, and the protocol's records behind it. */
interface Kept {
  readonly covers: JournalSeq;
  readonly records: readonly JournalRecord[];
}

type Loaded = NonNullable<ReturnType<SnapshotReader["finish"]>>;

function recordsByGroup(records: Iterable<JournalRecord>): Map<GroupId, JournalRecord[]> {
  const groups = new Map<GroupId, JournalRecord[]>();
  for (const record of records) {
    const known = groups.get(record.group);
    if (known === undefined) groups.set(record.group, [record]);
    else known.push(record);
  }
  return groups;
}
