import { DEFAULT_OPTIONS, type NodeOptions } from "@quorate/kernel/replica";
import { describe, expect, it } from "vitest";
import { type Form, type FormName, formNamed } from "./forms.ts";
import { exemption } from "./promises.ts";
import type { Scenario } from "./scenario.ts";
import { LEADING } from "./scenarios/leading.ts";
import { READS } from "./scenarios/reads.ts";
import { RECOVERY } from "./scenarios/recovery.ts";
import { WRITES } from "./scenarios/writes.ts";

type Protocol = "raft" | "paxos" | "zab" | "primary" | "chain";
type Mutant<P extends Protocol> = readonly [
  form: FormName,
  protocol: P,
  rule: keyof NodeOptions[P]["rules"],
  chapter: readonly Scenario[],
];

/** Each is a form with one rule of its protocol switched off, and the chapter that must find it. */
const MUTANTS: readonly (
  | Mutant<"raft">
  | Mutant<"paxos">
  | Mutant<"zab">
  | Mutant<"primary">
  | Mutant<"chain">
)[] = [
  ["etcd", "raft", "persistBeforeReply", WRITES],
  ["etcd", "raft", "countSelfWhenDurable", WRITES],
  ["etcd", "raft", "stepDownOnHungDisk", WRITES],
  ["etcd", "raft", "confirmReads", READS],
  ["chubby", "paxos", "countSelfWhenDurable", WRITES],
  ["chubby", "paxos", "confirmReads", READS],
  ["chubby", "paxos", "stepDownOnHungDisk", WRITES],
  ["zookeeper", "zab", "persistBeforeReply", WRITES],
  ["zookeeper", "zab", "commitByMajority", WRITES],
  ["zookeeper", "zab", "truncate", RECOVERY],
  ["primary-sync", "primary", "persistBeforeAck", WRITES],
  ["primary-sync", "primary", "countSelfWhenDurable", WRITES],
  ["primary-sync", "primary", "actWithinTenure", LEADING],
  ["primary-sync", "primary", "shrinkFirst", WRITES],
  ["chain", "chain", "persistBeforeForward", WRITES],
  ["craq", "chain", "readWithinLease", READS],
];

describe("the suite finds what is broken", () => {
  for (const [name, protocol, rule, chapter] of MUTANTS)
    it(`${name} without ${rule}`, () => {
      const form = formNamed(name, without(protocol, rule));
      expect(chapter.some((scenario) => isBroken(scenario, form))).toBe(true);
    });
});

function without(protocol: Protocol, rule: string): NodeOptions {
  const settings = DEFAULT_OPTIONS[protocol];
  return {
    ...DEFAULT_OPTIONS,
    [protocol]: { ...settings, rules: { ...settings.rules, [rule]: false } },
  };
}

function isBroken({ needs, run }: Scenario, form: Form): boolean {
  if (needs.some((promised) => exemption(form, promised) !== null)) return false;
  try {
    run(form);
    return false;
  } catch {
    return true;
  }
}
