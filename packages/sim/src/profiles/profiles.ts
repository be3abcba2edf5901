import { CLUSTER_MODELS, MODELS, type Model } from "../run/model.ts";
import type { RunPlan } from "../run/plan.ts";
import type { Profile } from "./profile.ts";

/** What is left where acknowledged writes may be lost: those that remain are the same everywhere, and all goes on. */
const MAY_LOSE = [
  "convergence",
  "membership",
  "memory",
  "progress",
  "steadiness",
  "invariants",
] as const satisfies readonly Model[];

/** Every profile that exists. One that is added here is run, measured and printed like the others. */
export const PROFILES = [
  {
    name: "etcd",
    about:
      "Raft, and etcd's machine; every read asks a majority whether its leader still leads (read index).",
    options: { reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "etcd-lease-reads",
    about:
      "The same, with reads that a leader answers by itself for as long as its lease lasts; clocks keep within the bound.",
    options: { reads: "lease" },
    promised: MODELS,
  },
  {
    name: "etcd-local-reads",
    about:
      "The same, with etcd's serializable reads: every node answers at once from what it has applied, however old that is.",
    options: { reads: "local" },
    // Clients move from node to node: then a later read may see less, and nothing is left of the session guarantees
    // but that a write stands behind what its writer had seen.
    promised: ["linearizable-writes", "writes-follow-reads", ...CLUSTER_MODELS],
  },
  {
    name: "chubby",
    about: "Multi-Paxos under etcd's machine; reads ask a majority whether the ballot still holds.",
    options: { keyspace: "chubby", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "chubby-lease-reads",
    about: "The same, with reads that the master answers by itself within its lease.",
    options: { keyspace: "chubby", reads: "lease" },
    promised: MODELS,
  },
  {
    name: "zookeeper",
    about:
      "ZAB under etcd's machine; a read goes through the leader by `sync`, which asks no quorum.",
    options: { keyspace: "zookeeper", reads: "readIndex" },
    // A leader that was deposed and does not know answers `sync` with what it had.
    promised: ["linearizable-writes", "writes-follow-reads", ...CLUSTER_MODELS],
  },
  {
    name: "primary-sync",
    about:
      "An appointed primary, and every write at all secondaries that are in step before it is acknowledged; the primary reads.",
    options: { keyspace: "primary-sync", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "primary-sync-lease-reads",
    about:
      "The same, and a secondary answers readers by itself within a lease that writes wait for; clocks keep within the bound.",
    options: { keyspace: "primary-sync", reads: "lease" },
    promised: MODELS,
  },
  {
    name: "primary-quorum",
    about:
      "An appointed primary, and every write at a majority; the next is the furthest of a majority that was asked.",
    options: { keyspace: "primary-quorum", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "waro",
    about: "Write all, read one: every write at every replica, and any of them answers a read.",
    options: { keyspace: "waro", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "chain",
    about:
      "Chain replication under an appointed head: a write passes down the chain, its tail commits it, and answers the readers of all.",
    options: { keyspace: "chain", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "craq",
    about:
      "The same, and any member of the chain answers readers while nothing in its log is uncommitted.",
    options: { keyspace: "craq", reads: "readIndex" },
    promised: MODELS,
  },
  {
    name: "mysql",
    about:
      "Semi-synchronous: every write at one secondary; with none in reach for ten seconds the primary goes on alone, and may lose it.",
    options: { keyspace: "mysql", reads: "readIndex" },
    promised: MAY_LOSE,
  },
  {
    name: "primary-async",
    about:
      "Asynchronous: a write is acknowledged by the primary's own disk, and lost with it; in half of the runs secondaries ask for what is new instead of being sent it.",
    options: { keyspace: "primary-async", reads: "readIndex" },
    promised: MAY_LOSE,
  },
] as const satisfies readonly Profile[];

/** What a run is held against: what is promised to whoever chose its keyspace and its reads. */
export const promisedTo = ({
  keyspace,
  reads,
}: Pick<RunPlan, "keyspace" | "reads">): readonly Model[] => {
  const same = PROFILES.filter(({ options }: Profile) => (options.keyspace ?? "etcd") === keyspace);
  return (same.find(({ options }) => options.reads === reads) ?? same[0])?.promised ?? MODELS;
};

/** Null where there is none of that name. */
export const profileNamed = (name: string): Profile | null =>
  PROFILES.find((profile) => profile.name === name) ?? null;
