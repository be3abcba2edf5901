import { ALL_RULES as ALL_CHAIN_RULES, type ChainRules } from "@quorate/kernel/chain";
import { ALL_LEASE_RULES, type LeaseRules } from "@quorate/kernel/core";
import { ALL_ETCD_RULES, type EtcdRules } from "@quorate/kernel/etcd";
import { ALL_RULES as ALL_PAXOS_RULES, type PaxosRules } from "@quorate/kernel/paxos";
import { ALL_RULES as ALL_PRIMARY_RULES, type PrimaryRules } from "@quorate/kernel/primary";
import { ALL_RULES, type RaftRules } from "@quorate/kernel/raft";
import {
  ALL_OFFICE_RULES,
  ALL_REPLICA_RULES,
  type OfficeRules,
  type ReplicaRules,
} from "@quorate/kernel/replica";
import { ALL_RULES as ALL_ZAB_RULES, type ZabRules } from "@quorate/kernel/zab";

/** The rules of one part under its name: two parts may have one of the same name. */
type Named<P extends string, R> = {
  readonly [K in keyof R & string as `${P}${Capitalize<K>}`]: boolean;
};

/** Every safety rule that a run can be made to do without. Raft's, which group 0 has in every run, go by their own names. */
export type Rules = RaftRules &
  ReplicaRules &
  EtcdRules &
  Named<"paxos", PaxosRules> &
  Named<"zab", ZabRules> &
  Named<"primary", PrimaryRules> &
  Named<"chain", ChainRules> &
  Named<"office", OfficeRules> &
  Named<"cache", LeaseRules>;
export type Rule = keyof Rules;

export const EVERY_RULE: Rules = {
  ...ALL_RULES,
  ...ALL_REPLICA_RULES,
  ...ALL_ETCD_RULES,
  ...named("paxos", ALL_PAXOS_RULES),
  ...named("zab", ALL_ZAB_RULES),
  ...named("primary", ALL_PRIMARY_RULES),
  ...named("chain", ALL_CHAIN_RULES),
  ...named("office", ALL_OFFICE_RULES),
  ...named("cache", ALL_LEASE_RULES),
};

export const RULES = Object.keys(EVERY_RULE) as readonly Rule[];

/** All rules but those that are switched off, each where its part of the product takes it. */
export function rulesOf(off: Partial<Rules>): {
  readonly raft: RaftRules;
  readonly paxos: PaxosRules;
  readonly zab: ZabRules;
  readonly primary: PrimaryRules;
  readonly chain: ChainRules;
  readonly office: OfficeRules;
  readonly cache: LeaseRules;
  readonly replica: ReplicaRules;
  readonly etcd: EtcdRules;
} {
  return {
    raft: chosen(ALL_RULES, off),
    paxos: chosen(ALL_PAXOS_RULES, unnamed("paxos", off)),
    zab: chosen(ALL_ZAB_RULES, unnamed("zab", off)),
    primary: chosen(ALL_PRIMARY_RULES, unnamed("primary", off)),
    chain: chosen(ALL_CHAIN_RULES, unnamed("chain", off)),
    office: chosen(ALL_OFFICE_RULES, unnamed("office", off)),
    cache: chosen(ALL_LEASE_RULES, unnamed("cache", off)),
    replica: chosen(ALL_REPLICA_RULES, off),
    etcd: chosen(ALL_ETCD_RULES, off),
  };
}

const chosen = <T extends object>(all: T, off: Readonly<Record<string, boolean>>): T => ({
  ...all,
  ...Object.fromEntries(Object.entries(off).filter(([rule]) => rule in all)),
});

function named<P extends string, R extends object>(protocol: P, rules: R): Named<P, R> {
  const entries = Object.entries(rules).map(([rule, on]) => [
    `${protocol}${rule.charAt(0).toUpperCase()}${rule.slice(1)}`,
    on,
  ]);
  return Object.fromEntries(entries) as Named<P, R>;
}

/** Those of one protocol, under their own names. */
const unnamed = (protocol: string, rules: Partial<Rules>): Readonly<Record<string, boolean>> =>
  Object.fromEntries(
    Object.entries(rules)
      .filter(([rule]) => rule.startsWith(protocol) && rule in EVERY_RULE)
      .map(([rule, on]) => {
        const own = rule.slice(protocol.length);
        return [`${own.charAt(0).toLowerCase()}${own.slice(1)}`, on];
      }),
  );
