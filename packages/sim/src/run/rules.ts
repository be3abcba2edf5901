import { ALL_ETCD_RULES, type EtcdRules } from "@quorate/kernel/etcd";
import { ALL_RULES, type RaftRules } from "@quorate/kernel/raft";
import { ALL_REPLICA_RULES, type ReplicaRules } from "@quorate/kernel/replica";

/** Every safety rule that a run can be made to do without. */
export type Rules = RaftRules & ReplicaRules & EtcdRules;
export type Rule = keyof Rules;

export const EVERY_RULE: Rules = { ...ALL_RULES, ...ALL_REPLICA_RULES, ...ALL_ETCD_RULES };

export const RULES = Object.keys(EVERY_RULE) as readonly Rule[];

/** All rules but those that are switched off, each where its part of the product takes it. */
export function rulesOf(off: Partial<Rules>): {
  readonly raft: RaftRules;
  readonly replica: ReplicaRules;
  readonly etcd: EtcdRules;
} {
  return {
    raft: chosen(ALL_RULES, off),
    replica: chosen(ALL_REPLICA_RULES, off),
    etcd: chosen(ALL_ETCD_RULES, off),
  };
}

const chosen = <T extends object>(all: T, off: Partial<Rules>): T => ({
  ...all,
  ...Object.fromEntries(Object.entries(off).filter(([rule]) => rule in all)),
});
