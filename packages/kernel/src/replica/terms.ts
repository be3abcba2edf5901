import { type NodeId, nodeId, type ReadLevel } from "../core/index.ts";
import type { OfficeRule, Profile, Profiles } from "./profiles.ts";

/**
 * What a reader sees who did not ask for less: all that was acknowledged, confirmed by the others or within a lease of the leader's; or
 * what the member has that was asked, which may be old.
 */
export const READS = ["linearizable", "lease", "local"] as const;
export type Reads = (typeof READS)[number];

/** What becomes of a primary's office when it may be that nobody else has what it acknowledged last: wait for it, or promote another. */
export const LOSSES = ["wait", "promote"] as const;
export type Loss = (typeof LOSSES)[number];

/** A profile, and what was chosen otherwise for one keyspace. */
export interface Terms {
  readonly profile: string;
  /** Secondaries that a write waits for; null: as the profile has it. */
  readonly sync: number | null;
  readonly reads: Reads;
  /** Null: as the profile has it. */
  readonly loss: Loss | null;
  /** Who is to lead when it can; null: whoever comes to. */
  readonly prefer: NodeId | null;
  /** Secondaries ask for what is new every so many milliseconds; null: as the profile has it. */
  readonly pull: number | null;
}

/** Of a profile as it is. */
export const asProfiled = (profile: string): Terms => ({
  profile,
  sync: null,
  reads: "linearizable",
  loss: null,
  prefer: null,
  pull: null,
});

/** More would be more than a group has members. */
const SYNC_MAX = 63;
/** Milliseconds between two questions of a secondary. A write or a read through it may wait so long. */
const PULL_MIN = 10;
const PULL_MAX = 10_000;

/**
 * How a keyspace's profile is written wherever it is named, in group 0, in births and in snapshots: `mysql`, `mysql+sync=2`,
 * `etcd+reads=lease`. In one way only, since replicas compare it: without what is as the profile has it, in this order.
 */
export function termsText({ profile, sync, reads, loss, prefer, pull }: Terms): string {
  const chosen = [
    sync === null ? "" : `+sync=${sync}`,
    reads === "linearizable" ? "" : `+reads=${reads}`,
    loss === null ? "" : `+loss=${loss}`,
    prefer === null ? "" : `+prefer=${prefer}`,
    pull === null ? "" : `+pull=${pull}`,
  ];
  return profile + chosen.join("");
}

/** Null for a text that `termsText` does not write. */
export function parseTerms(text: string): Terms | null {
  const [profile = "", ...parts] = text.split("+");
  let { sync, reads, loss, prefer, pull } = asProfiled(profile);
  for (const part of parts) {
    const [name, value = ""] = part.split("=");
    if (name === "sync" && /^\d{1,2}$/.test(value)) sync = Number(value);
    const known = READS.find((one) => name === "reads" && one === value);
    if (known !== undefined) reads = known;
    const lost = LOSSES.find((one) => name === "loss" && one === value);
    if (lost !== undefined) loss = lost;
    if (name === "prefer") prefer = nodeIn(value);
    if (name === "pull" && /^\d{1,5}$/.test(value)) pull = Number(value);
  }
  const terms = { profile, sync, reads, loss, prefer, pull };
  return termsText(terms) === text ? terms : null;
}

function nodeIn(text: string): NodeId | null {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 1n << 63n) return null;
  return nodeId(BigInt(text));
}

/**
 * Of a text those terms that a keyspace keeps for life: they are part of its births and snapshots. Local reads come and go, since they
 * are the answering member's business alone; so do wishes of who is to lead, which are group 0's and the leader's.
 */
export function lastingTerms(text: string): string {
  const terms = parseTerms(text);
  if (terms === null) return text;
  const reads = terms.reads === "local" ? "linearizable" : terms.reads;
  return termsText({ ...terms, reads, loss: null, prefer: null });
}

/** Why one cannot become the other while the keyspace serves; null where it can. */
export function changeRefused(from: Terms, to: Terms): string | null {
  if (from.profile !== to.profile)
    return "a profile is for life, since its protocol's records are: create another keyspace and copy";
  if (from.sync !== to.sync)
    return "how many secondaries hold a write is what appointing the next primary relies on: create another keyspace and copy";
  if (from.pull !== to.pull)
    return "whether secondaries ask for what is new is part of their protocol, and for life: create another keyspace and copy";
  if (from.reads !== to.reads && (from.reads === "lease" || to.reads === "lease"))
    return "a lease binds replicas that restart, so whether there are any is for life: create another keyspace and copy";
  return null;
}

/** Why these terms make no sense for this profile, and what to do; null where they do. */
export function termsRefused(
  { profile, sync, reads, loss, pull }: Terms,
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
  if (loss !== null && known.office?.loss !== "promote")
    return `with ${profile} nothing that was acknowledged is lost with a primary: there is nothing to choose`;
  if (pull !== null && known.protocol !== "asynchronous")
    return `with ${profile} writes wait for other replicas, which are sent them at once: only those of primary-async can ask instead`;
  if (pull !== null && (pull < PULL_MIN || pull > PULL_MAX))
    return `secondaries can ask for what is new every ${PULL_MIN} to ${PULL_MAX} milliseconds, not every ${pull}`;
  if (reads === "lease" && !known.leases)
    return `${profile} has no leases to read within: take linearizable or local reads, or etcd, chubby or primary-sync`;
  return null;
}

/** The profile under these terms. Null: this release knows no such. */
export function profileOf(profiles: Profiles, text: string): Profile | null {
  const terms = parseTerms(text);
  const known = terms === null ? undefined : profiles.get(terms.profile);
  if (terms === null || known === undefined) return null;
  if (termsRefused(terms, known, SYNC_MAX + 1) !== null) return null;
  const { sync, reads, loss, pull } = terms;
  const office = known.office === null ? null : officeUnder(known.office, sync, loss);
  return { ...known, office, sync: sync ?? known.sync, pull, leased: reads === "lease" };
}

const officeUnder = (rule: OfficeRule, sync: number | null, loss: Loss | null): OfficeRule => ({
  holders: sync === null ? rule.holders : (inSync) => Math.min(sync + 1, inSync),
  loss: loss ?? rule.loss,
});

/** What a reader gets who asks for `level` in a keyspace with these reads. */
export const levelUnder = (reads: Reads, level: ReadLevel): ReadLevel => {
  if (level !== "readIndex" || reads === "linearizable") return level;
  return reads === "lease" ? "lease" : "local";
};
