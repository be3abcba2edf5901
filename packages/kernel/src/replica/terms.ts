import type { ReadLevel } from "../core/index.ts";
import type { Profile, Profiles } from "./profiles.ts";

/**
 * What a reader sees who did not ask for less: all that was acknowledged, confirmed by the others or within a lease of the leader's; or
 * what the member has that was asked, which may be old.
 */
export const READS = ["linearizable", "lease", "local"] as const;
export type Reads = (typeof READS)[number];

/** A profile, and what was chosen otherwise for one keyspace. */
export interface Terms {
  readonly profile: string;
  /** Secondaries that a write waits for; null: as the profile has it. */
  readonly sync: number | null;
  readonly reads: Reads;
}

/** More would be more than a group has members. */
const SYNC_MAX = 63;

/**
 * How a keyspace's profile is written wherever it is named, in group 0, in births and in snapshots: `mysql`, `mysql+sync=2`,
 * `etcd+reads=lease`. In one way only, since replicas compare it: without what is as the profile has it, in this order.
 */
export function termsText({ profile, sync, reads }: Terms): string {
  const chosen = sync === null ? profile : `${profile}+sync=${sync}`;
  return reads === "linearizable" ? chosen : `${chosen}+reads=${reads}`;
}

/** Null for a text that `termsText` does not write. */
export function parseTerms(text: string): Terms | null {
  const [profile = "", ...parts] = text.split("+");
  let [sync, reads]: [number | null, Reads] = [null, "linearizable"];
  for (const part of parts) {
    const [name, value = ""] = part.split("=");
    if (name === "sync" && /^\d{1,2}$/.test(value)) sync = Number(value);
    const known = READS.find((one) => name === "reads" && one === value);
    if (known !== undefined) reads = known;
  }
  const terms = { profile, sync, reads };
  return termsText(terms) === text ? terms : null;
}

/**
 * Of a text those terms that a keyspace keeps for life: they are part of its births and snapshots. Local reads come and go, since they
 * are the answering member's business alone.
 */
export function lastingTerms(text: string): string {
  const terms = parseTerms(text);
  return terms?.reads === "local" ? termsText({ ...terms, reads: "linearizable" }) : text;
}

/** Why one cannot become the other while the keyspace serves; null where it can. */
export function changeRefused(from: Terms, to: Terms): string | null {
  if (from.profile !== to.profile)
    return "a profile is for life, since its protocol's records are: create another keyspace and copy";
  if (from.sync !== to.sync)
    return "how many secondaries hold a write is what appointing the next primary relies on: create another keyspace and copy";
  if (from.reads !== to.reads && (from.reads === "lease" || to.reads === "lease"))
    return "a lease binds replicas that restart, so whether there are any is for life: create another keyspace and copy";
  return null;
}

/** Why these terms make no sense for this profile, and what to do; null where they do. */
export function termsRefused(
  { profile, sync, reads }: Terms,
  known: Profile,
  replicas: number,
): string | null {
  if (sync !== null && known.sync === null)
    return `${profile} says itself how many replicas must hold a write: for so many secondaries of your choice take primary-quorum or mysql`;
  const waits = sync ?? (known.sync === "majority" ? null : known.sync);
  if (waits !== null && replicas < 2)
    return `with one replica there is no secondary for a write to wait for: take more replicas, or primary-async`;
  if (waits !== null && (waits < 1 || waits > Math.min(SYNC_MAX, replicas - 1)))
    return `with ${replicas} replicas a write can wait for 1 to ${replicas - 1} secondaries, not ${waits}; for none take primary-async`;
  if (reads === "lease" && !known.leases)
    return `${profile} has no leases to read within: take linearizable or local reads, or etcd or chubby`;
  return null;
}

/** The profile under these terms. Null: this release knows no such. */
export function profileOf(profiles: Profiles, text: string): Profile | null {
  const terms = parseTerms(text);
  const known = terms === null ? undefined : profiles.get(terms.profile);
  if (terms === null || known === undefined) return null;
  if (termsRefused(terms, known, SYNC_MAX + 1) !== null) return null;
  const { sync, reads } = terms;
  const office =
    sync === null || known.office === null
      ? known.office
      : { ...known.office, holders: (inSync: number) => Math.min(sync + 1, inSync) };
  return { ...known, office, sync: sync ?? known.sync, leased: reads === "lease" };
}

/** What a reader gets who asks for `level` in a keyspace with these reads. */
export const levelUnder = (reads: Reads, level: ReadLevel): ReadLevel => {
  if (level !== "readIndex" || reads === "linearizable") return level;
  return reads === "lease" ? "lease" : "local";
};
