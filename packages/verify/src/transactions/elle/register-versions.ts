import { at32, components, digraph, EdgeList, WW } from "../graph/index.ts";
import type { Atom, Transaction } from "../transaction.ts";
import type { Orders } from "./dependencies.ts";
import type { Findings } from "./found.ts";
import { type ElleLevel, implies } from "./level.ts";
import type { Registers, Version } from "./registers.ts";

/** Where the order of two versions comes from. */
export type Source = "writes follow reads" | "session" | "real time";

export interface VersionOrder {
  /** From version to version, by their numbers. `cause` is a place in `sources`. */
  readonly edges: EdgeList;
  readonly sources: readonly Source[];
}

/**
 * The part of the version order that the level itself lets us infer; that every version comes after the initial one is left
 * implicit. Registers do not show their order, so that each rule rests on what the level promises:
 *
 * - a transaction that reads one version and writes another puts them in this order, or there is a G1c;
 * - transactions of one session see versions in the order of the session, or there is a G-single-process;
 * - transactions in real-time order see versions in that order, or there is a G-single-realtime.
 *
 * A rule that contradicts what came before is a `cyclic-versions`, and is left out.
 */
export function versionOrder(
  level: ElleLevel,
  registers: Registers,
  orders: Orders,
  findings: Findings,
): VersionOrder {
  const sources: Source[] = [];
  let edges = new EdgeList();
  const extend = (source: Source, pairs: readonly (readonly [Version, Version])[]): void => {
    const next = new EdgeList();
    for (let e = 0; e < edges.count; e++) {
      next.add(at32(edges.from, e), at32(edges.to, e), WW, at32(edges.cause, e));
    }
    for (const [a, b] of pairs) if (a !== b) next.add(a.number, b.number, WW, sources.length);
    sources.push(source);
    if (isOrder(registers, next, source, findings)) edges = next;
  };
  if (implies(level, "read-committed")) extend("writes follow reads", updates(registers));
  if (orders.process && implies(level, "strong-session-snapshot-isolation")) {
    extend("session", along(registers, sessionPredecessors));
  }
  if (orders.realtime && implies(level, "strong-snapshot-isolation")) {
    extend("real time", along(registers, realtimePredecessors));
  }
  return { edges, sources };
}

function isOrder(
  registers: Registers,
  edges: EdgeList,
  source: Source,
  findings: Findings,
): boolean {
  const parts = components(digraph(registers.versions.length, edges), WW);
  if (!parts.cyclic) return true;
  const inside = registers.versions.find((v) => at32(parts.size, at32(parts.of, v.number)) > 1);
  const home = inside === undefined ? -1 : at32(parts.of, inside.number);
  const loop = registers.versions.filter((v) => at32(parts.of, v.number) === home);
  const writers = loop.flatMap((v) => (v.writer === null ? [] : [v.writer.transaction]));
  const [first, ...others] = writers;
  if (inside !== undefined && first !== undefined) {
    const expected = `versions of ${inside.key} that come one after another, by ${source}`;
    findings.answer("cyclic-versions", first, expected, others);
  }
  return false;
}

function updates(registers: Registers): [Version, Version][] {
  const pairs: [Version, Version][] = [];
  for (const { reads, writes, known } of registers.accesses) {
    if (!known) continue;
    for (const [key, version] of reads) {
      const written = writes.get(key);
      if (written !== undefined && version.value !== null) pairs.push([version, written]);
    }
  }
  return pairs;
}

/** One transaction's use of one key. */
interface Use {
  readonly transaction: Transaction;
  readonly first: Version;
  readonly last: Version;
}

/** For each key: the version that a use ends with comes before those that its direct successors begin with. */
function along(
  registers: Registers,
  predecessors: (uses: readonly Use[]) => [Use, Use][],
): [Version, Version][] {
  const byKey = new Map<Atom, Use[]>();
  for (const { transaction, reads, writes, known } of registers.accesses) {
    for (const key of new Set([...reads.keys(), ...writes.keys()])) {
      const write = writes.get(key);
      const first = (known ? reads.get(key) : undefined) ?? write;
      const last = write ?? first;
      if (first === undefined || last === undefined) continue;
      const uses = byKey.get(key);
      if (uses === undefined) byKey.set(key, [{ transaction, first, last }]);
      else uses.push({ transaction, first, last });
    }
  }
  const pairs: [Version, Version][] = [];
  for (const uses of byKey.values()) {
    for (const [a, b] of predecessors(uses)) {
      // Nothing comes before the initial version; that it was read late shows as an anti-dependency.
      if (b.first.value !== null && a.last.value !== null) pairs.push([a.last, b.first]);
    }
  }
  return pairs;
}

function sessionPredecessors(uses: readonly Use[]): [Use, Use][] {
  const last = new Map<number, Use>();
  const pairs: [Use, Use][] = [];
  for (const use of uses.toSorted((a, b) => a.transaction.place - b.transaction.place)) {
    const before = last.get(use.transaction.session);
    if (before !== undefined) pairs.push([before, use]);
    last.set(use.transaction.session, use);
  }
  return pairs;
}

/** The direct pairs of the interval order: nothing lies between them. O(uses × concurrency). */
function realtimePredecessors(uses: readonly Use[]): [Use, Use][] {
  const calls = uses.toSorted((a, b) => (a.transaction.called ?? 0) - (b.transaction.called ?? 0));
  const returns = uses
    .filter((use) => Number.isFinite(use.transaction.returned))
    .sort((a, b) => (a.transaction.returned ?? 0) - (b.transaction.returned ?? 0));
  const pairs: [Use, Use][] = [];
  const before = new Map<Use, readonly Use[]>();
  let frontier: readonly Use[] = [];
  let next = 0;
  for (const use of calls) {
    const called = use.transaction.called ?? 0;
    for (; next < returns.length; next++) {
      const done = returns[next];
      if (done === undefined || (done.transaction.returned ?? 0) >= called) break;
      const superseded = before.get(done) ?? [];
      frontier = [...frontier.filter((other) => !superseded.includes(other)), done];
    }
    before.set(use, frontier);
    for (const other of frontier) pairs.push([other, use]);
  }
  return pairs;
}
