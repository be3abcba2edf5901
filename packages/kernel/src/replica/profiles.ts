import type { Machine } from "../core/index.ts";
import {
  ALL_ETCD_RULES,
  EtcdKind,
  EtcdMachine,
  type EtcdOptions,
  type EtcdRules,
} from "../machines/etcd/index.ts";
import type { ProtocolName } from "./protocols.ts";

/** When somebody may take over an office that is free. */
export interface OfficeRule {
  /**
   * How many members, the primary among them, surely hold a write that was acknowledged, of `inSync` that are in step and `members`
   * in all: as many fewer than all must be asked to find one of them.
   */
  readonly holders: (inSync: number, members: number) => number;
  /** Where too few can be asked: wait for them, or take the furthest and lose what it lacks (card 63). */
  readonly loss: "wait" | "promote";
}

/** What a node must know of a keyspace: who orders its writes, how to make its machine, what its commands mean for the node. */
export interface Profile {
  readonly create: () => Machine;
  readonly protocol: ProtocolName;
  /** Its protocol changes no members: its groups have those they were born with. */
  readonly fixedMembers: boolean;
  /** How its primary is appointed; null where its protocol elects its leader by itself. */
  readonly office: OfficeRule | null;
  /** Secondaries that a write waits for, where that can be chosen: so many if nothing was; null where the protocol says how many. */
  readonly sync: number | "majority" | null;
  /** Secondaries ask for what is new every so many milliseconds; null: it is sent to them. */
  readonly pull: number | null;
  /** Its leaders can hold leases; `leased`: they do, and readers are answered within them. */
  readonly leases: boolean;
  readonly leased: boolean;
  /**
   * Its leaders may grant leases to caches. A leader must then never find a command that the leader before it, once it had committed
   * anything, did not know of: Raft's election restriction sees to that, Multi-Paxos' single slots do not.
   */
  readonly caches: boolean;
  /** Commands that extend a life: a turn's worth of them becomes one entry, and they pass when room is short. */
  readonly renewals: ReadonlySet<number>;
  /** Commands that make room, or need none: they pass while client writes are refused for want of it. */
  readonly withoutRoom: ReadonlySet<number>;
}

export type Profiles = ReadonlyMap<string, Profile>;

/** Of this release's presets. */
export const PROFILE_NAMES = [
  "etcd",
  "chubby",
  "zookeeper",
  "primary-sync",
  "primary-quorum",
  "mysql",
  "primary-async",
  "waro",
  "chain",
  "craq",
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** The presets that this release knows (catalogue L): one range each, and etcd's machine: revisions, watches, leases. */
export function standardProfiles(etcd: EtcdOptions, rules: EtcdRules = ALL_ETCD_RULES): Profiles {
  const { deleteRange, compact, leaseRevoke, leaseKeepAlive, leasesExpired } = EtcdKind;
  const { leaseTimeToLive, setQuota } = EtcdKind;
  const machine = {
    create: () => new EtcdMachine(etcd, rules),
    renewals: new Set<number>([leaseKeepAlive]),
    withoutRoom: new Set<number>([
      deleteRange,
      compact,
      leaseRevoke,
      leaseKeepAlive,
      leasesExpired,
      leaseTimeToLive,
      setQuota,
    ]),
  };
  const plain = { ...machine, sync: null, pull: null, leases: false, leased: false, caches: false };
  const elected = { ...plain, office: null };
  const appointed = { ...plain, fixedMembers: true };
  const profiles: Readonly<Record<ProfileName, Profile>> = {
    etcd: { ...elected, protocol: "raft", fixedMembers: false, leases: true, caches: true },
    chubby: { ...elected, protocol: "paxos", fixedMembers: false, leases: true },
    zookeeper: { ...elected, protocol: "zab", fixedMembers: true },
    "primary-sync": {
      ...appointed,
      protocol: "synchronous",
      leases: true,
      office: { holders: (inSync) => inSync, loss: "wait" },
    },
    "primary-quorum": {
      ...appointed,
      protocol: "quorum",
      sync: "majority",
      office: { holders: (_, members) => Math.floor(members / 2) + 1, loss: "wait" },
    },
    mysql: {
      ...appointed,
      protocol: "semi-synchronous",
      sync: 1,
      office: { holders: (inSync) => Math.min(2, inSync), loss: "promote" },
    },
    "primary-async": {
      ...appointed,
      protocol: "asynchronous",
      office: { holders: () => 1, loss: "promote" },
    },
    waro: {
      ...appointed,
      protocol: "write-all",
      office: { holders: (inSync) => inSync, loss: "wait" },
    },
    chain: {
      ...appointed,
      protocol: "chain",
      office: { holders: (inSync) => inSync, loss: "wait" },
    },
    craq: {
      ...appointed,
      protocol: "craq",
      office: { holders: (inSync) => inSync, loss: "wait" },
    },
  };
  return new Map(Object.entries(profiles));
}
