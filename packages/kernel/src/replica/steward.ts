import {
  DEFAULT_KEYSPACE,
  earliest,
  type GroupConfig,
  type NodeId,
  SYSTEM_GROUP,
  type Ticks,
} from "../core/index.ts";
import type { SystemCommand, SystemGroup, SystemState } from "../machines/system/index.ts";
import { FailBack } from "./fail-back.ts";
import type { Groups } from "./groups.ts";
import { isComplete, nextMembers, publication } from "./membership.ts";
import { Neighbours } from "./neighbours.ts";
import { keyspacesOf } from "./node-status.ts";
import type { NodeOptions } from "./options.ts";
import type { Replica } from "./replica.ts";
import type { KeyspaceStatus, PeerAddress } from "./seam.ts";
import { profileOf } from "./terms.ts";
import type { MembersTold } from "./wire.ts";

/** Who this node says it is, to be known to all (etcd: the member's name and client URLs). */
export interface Self {
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddresses: readonly string[];
}

/** How often a leader looks whether its group has the members it should have. */
const RECONCILE_TICKS = 200;
/** A node that proposed something of its own waits so long for it to be seen before it proposes it again. */
const REPEAT_TICKS = 10 * RECONCILE_TICKS;
/** A removed node stays for so long, because the groups it leaves may need its vote to be able to leave it out. */
const LEAVE_TICKS = 5000;

interface GroupThen {
  readonly config: GroupConfig;
  readonly leads: boolean;
}

/** What the steward has done by its node. */
export interface StewardHost {
  readonly node: NodeId;
  readonly groups: Groups;
  readonly isUp: (node: NodeId) => boolean;
  readonly touch: (replica: Replica) => void;
  /** Gives birth to a group that this node is to hold. */
  readonly bear: (state: SystemState, group: SystemGroup) => void;
  /** Lets go of a replica whose group is gone. */
  readonly retire: (replica: Replica) => void;
  readonly setPeers: (peers: readonly PeerAddress[]) => void;
  readonly setKeyspaces: (keyspaces: readonly KeyspaceStatus[]) => void;
  readonly submit: (command: SystemCommand) => void;
}

/**
 * Makes this node what the system keyspace says it is to be: its peers, its groups, their members. Each step is
 * idempotent and fenced by an epoch, so it is simply repeated until nothing is left to do.
 */
export class Steward {
  readonly #host: StewardHost;
  readonly #self: Self;
  readonly #options: NodeOptions;
  readonly #neighbours: Neighbours;
  readonly #failBack: FailBack;
  #seen: SystemState | null = null;
  /** What it was made of last time: the system keyspace, and each group's members and whether this node leads it. */
  #reconciled: SystemState | null = null;
  readonly #groupsThen = new Map<Replica, GroupThen>();
  #reconcileAt: Ticks | null = null;
  #publishAt: Ticks;
  #defaultProposedAt: Ticks | null = null;
  /** When this node, removed from the cluster, stops. */
  #leaveAt: Ticks | null = null;

  constructor(host: StewardHost, self: Self, options: NodeOptions, now: Ticks) {
    this.#host = host;
    this.#neighbours = new Neighbours(host.node);
    this.#failBack = new FailBack(
      {
        ...host,
        handTo: (replica, to) => {
          replica.handTo(to);
          host.touch(replica);
        },
      },
      options.failBackTicks,
    );
    this.#self = self;
    this.#options = options;
    this.#publishAt = now;
  }

  /**
   * Something of a group has changed; perhaps what the members of groups follow from, which most of what is applied leaves as
   * it was. A step that was not complete looks again by itself.
   */
  changed(replica: Replica, now: Ticks): void {
    const then = this.#groupsThen.get(replica);
    const same = then?.config === replica.config && then.leads === replica.isLeader;
    if (!same || this.#reconciled !== this.#host.groups.system) this.#reconcileAt ??= now;
  }

  mustLeave(now: Ticks): boolean {
    return this.#leaveAt !== null && now >= this.#leaveAt;
  }

  wakeAt(now: Ticks): Ticks | null {
    const publishAt = this.#publishAt > now ? this.#publishAt : null;
    const own = earliest(this.#reconcileAt, this.#failBack.wakeAt);
    const at = earliest(own, this.#neighbours.wakeAt);
    return earliest(earliest(at, this.#leaveAt), publishAt);
  }

  /** Group 0 changed: dial its members, give birth to the groups this node is to hold, leave if it was removed. */
  follow(now: Ticks): void {
    const state = this.#host.groups.system;
    if (state === this.#seen) return;
    if (state.keyspaces !== this.#seen?.keyspaces) this.#host.setKeyspaces(keyspacesOf(state));
    this.#seen = state;
    const { node, groups, bear } = this.#host;
    if (state.removed.includes(node)) this.#leaveAt ??= (now + LEAVE_TICKS) as Ticks;
    this.#linkUp(state, now);
    for (const replica of groups) if (isDropped(replica, state)) this.#retire(replica);
    if (!state.nodes.has(node)) return;
    for (const group of state.groups.values()) {
      const holds = !group.fixed || group.born.includes(node);
      if (holds && groups.get(group.group) === null) bear(state, group);
    }
  }

  #retire(replica: Replica): void {
    this.#groupsThen.delete(replica);
    this.#host.retire(replica);
  }

  /** Another node's word on who the members are. */
  hear(told: MembersTold, now: Ticks): void {
    const { system } = this.#host.groups;
    if (this.#neighbours.hear(told, system)) this.#linkUp(system, now);
  }

  #linkUp(state: SystemState, now: Ticks): void {
    const configs = [...this.#host.groups].map(({ config }) => config);
    const peers = this.#neighbours.changed(state, configs, now);
    if (peers !== null) this.#host.setPeers(peers);
  }

  /** Leaders give their groups the members that the system keyspace names; nodes report themselves. */
  reconcile(now: Ticks): void {
    const graceEnds = this.#neighbours.wakeAt;
    if (graceEnds !== null && now >= graceEnds) this.#linkUp(this.#host.groups.system, now);
    this.#failBack.run(now);
    if (this.#reconcileAt === null || now < this.#reconcileAt) return;
    this.#reconcileAt = null;
    this.#failBack.changed(now);
    const state = this.#host.groups.system;
    this.#reconciled = state;
    this.#linkUp(state, now);
    for (const replica of this.#host.groups) {
      const { config, isLeader: leads } = replica;
      this.#groupsThen.set(replica, { config, leads });
      if (!leads || this.#host.groups.isFixed(replica.group)) continue;
      const change = nextMembers(state, replica);
      if (change !== null) {
        replica.change(change, state.membershipEpoch);
        this.#host.touch(replica);
      }
      if (change !== null || !isComplete(state, replica))
        this.#reconcileAt = (now + RECONCILE_TICKS) as Ticks;
    }
    this.#createDefault(state, now);
    this.#publish(state, now);
  }

  /** The first leader of group 0 creates the default keyspace, through the same path as any other. */
  #createDefault(state: SystemState, now: Ticks): void {
    const system = this.#host.groups.get(SYSTEM_GROUP);
    if (system === null || !system.isLeader || state.nextKeyspace !== DEFAULT_KEYSPACE) return;
    this.#reconcileAt = (now + RECONCILE_TICKS) as Ticks;
    if (this.#defaultProposedAt !== null && now - this.#defaultProposedAt < REPEAT_TICKS) return;
    this.#defaultProposedAt = now;
    const profile = this.#options.defaultProfile;
    const known = profileOf(this.#options.profiles, profile);
    const [fixed, office] = [known?.fixedMembers === true, known?.office != null];
    const choices = { profile, fixed, office, replicas: null };
    this.#host.submit({ type: "createKeyspace", name: "default", ...choices });
  }

  /** Tells the cluster this node's name, addresses and release, until the cluster knows them. */
  #publish(state: SystemState, now: Ticks): void {
    const command = publication(state, this.#host.node, this.#self, this.#options.version);
    if (command === null) return;
    if (now >= this.#publishAt) {
      this.#publishAt = (now + REPEAT_TICKS) as Ticks;
      this.#host.submit(command);
    }
    this.#reconcileAt ??= this.#publishAt;
  }
}

/** Ids are never given twice: a group that was made, and is named no more, is gone. One that is not made yet is another's news. */
const isDropped = ({ group }: Replica, { groups, nextGroup }: SystemState): boolean =>
  group !== SYSTEM_GROUP && group < nextGroup && !groups.has(group);
