import { CLUSTER_MODELS, MODELS } from "../run/model.ts";
import type { Profile } from "./profile.ts";

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
] as const satisfies readonly Profile[];

/** Null where there is none of that name. */
export const profileNamed = (name: string): Profile | null =>
  PROFILES.find((profile) => profile.name === name) ?? null;
