import type { Cluster } from "../support/cluster.ts";

/** Fields whose value is the cluster's own affair; that they are there is compared. */
const OWN =
  /^(cluster_?id|raft_?term|raft_?index|raft_?applied_?index|db_?size(_?in_?use)?|hash)$/i;
/** Fields that hold a revision: counted from the one at which the case began. */
const REVISION = /revision$|_rev$/i;

interface MemberList {
  readonly members?: readonly { readonly ID: string; readonly name?: string }[];
}

/** Replaces what must differ between two clusters by names, and leaves all else. */
export class Normaliser {
  /** The revision from which revisions are counted. */
  base = 0;
  readonly #names: readonly (readonly [found: string, name: string])[];

  constructor(cluster: Cluster, members: unknown) {
    const ids = ((members as MemberList).members ?? []).flatMap(({ ID, name = "" }) => [
      [ID, `<member ${name}>`] as const,
      [BigInt(ID).toString(16), `<member ${name}>`] as const,
    ]);
    const addresses = cluster.members.flatMap(({ name, client, peer }) => [
      [client, `<client ${name}>`] as const,
      [peer, `<peer ${name}>`] as const,
    ]);
    this.#names = [...ids, ...addresses];
  }

  value(value: unknown, field = ""): unknown {
    if (Array.isArray(value))
      return inOrder(
        field,
        value.map((one) => this.value(one, field)),
      );
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(
        Object.entries(value)
          .filter(([name]) => name !== "stdout")
          .map(([name, one]) => [
            name,
            isTimeLeft(name, value as Readonly<Record<string, unknown>>)
              ? "<time>"
              : this.value(one, name),
          ]),
      );
    }
    if (OWN.test(field)) return "<own>";
    if (field === "took") return "<time>";
    if (REVISION.test(field)) return this.#revision(value);
    if (/^member_?id$|^leader$/i.test(field))
      return /^0?$/.test(String(value)) ? value : "<member>";
    return typeof value === "string" ? this.text(value) : this.#id(value);
  }

  text(text: string): string {
    let named = text;
    for (const [found, name] of this.#names) named = named.replaceAll(found, name);
    return named
      .replace(/took = [\d.]+[µm]?s/g, "took = <time>")
      .replace(/remaining\(\d+s\)/g, "remaining(<time>)")
      .replace(/attached keys\(\[(.*?)\]\)/g, (_, keys: string) => keys.split(" ").sort().join(" "))
      .replace(
        /(revision"? ?:? ?)(\d+)/gi,
        (_, what: string, n: string) => what + String(this.#revision(n)),
      )
      .replace(/("RaftTerm" : )\d+/g, "$1<own>")
      .replace(/\b[\da-f]{16}\b/g, "<id>")
      .replace(/\b[1-9]\d{16,19}\b/g, (digits) => (KEPT.has(digits) ? digits : "<id>"));
  }

  #id(value: unknown): unknown {
    return typeof value === "number" && !Number.isSafeInteger(value) ? "<id>" : value;
  }

  /** Small and impossible numbers are what they are: 0 and what was asked for. */
  #revision(value: unknown): unknown {
    const revision = Number(value);
    if (!Number.isSafeInteger(revision) || revision <= 0) return value;
    return `r${revision < this.base ? "" : "+"}${revision - this.base}`;
  }
}

/** What is left of a lease: it may tick between two answers. That one is gone is told by a value below zero. */
function isTimeLeft(name: string, { TTL, grantedTTL }: Readonly<Record<string, unknown>>): boolean {
  return name === "TTL" && grantedTTL !== undefined && Number(TTL) > 0;
}

/** Lists in which etcd promises no order: members, endpoints, and the keys of a lease. */
function inOrder(field: string, list: readonly unknown[]): readonly unknown[] {
  if (field === "keys") return list.map(String).sort((a, b) => (a < b ? -1 : 1));
  if (field !== "members" && field !== "printed") return list;
  const by = (one: unknown): string => JSON.stringify(one, ["name", "endpoint", "Endpoint"]);
  return [...list].sort((a, b) => (by(a) < by(b) ? -1 : 1));
}

/** Long numbers that a case itself speaks of. */
const KEPT: ReadonlySet<string> = new Set(["9223372036854775807", "9223372036854775806"]);
