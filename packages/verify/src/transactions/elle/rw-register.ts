import type { Spent } from "../../budget.ts";
import type { Verdict } from "../../verdict.ts";
import { at32, RW, WR, WW } from "../graph/index.ts";
import type { Atom, Transaction } from "../transaction.ts";
import { withCore } from "./core.ts";
import { findCycles } from "./cycles.ts";
import { Dependencies, type Orders, ordersOf, type Reason } from "./dependencies.ts";
import { Findings } from "./found.ts";
import type { ElleLevel } from "./level.ts";
import { type VersionOrder, versionOrder } from "./register-versions.ts";
import { type Registers, registers, type Version } from "./registers.ts";

/**
 * Elle for registers that are written with values that differ. The version order is known only in part, so that this is
 * sound but not complete: what it reports is there, and it may overlook what `checkIsolation` would find by search.
 */
export function checkRwRegister(
  level: ElleLevel,
  transactions: readonly Transaction[],
  orders: Orders,
  spent: Spent,
): Verdict {
  return withCore((part, left) => judgeRwRegister(level, part, orders, left), transactions, spent);
}

function judgeRwRegister(
  level: ElleLevel,
  transactions: readonly Transaction[],
  orders: Orders,
  spent: Spent,
): Verdict {
  const findings = new Findings();
  const known = registers(transactions, findings);
  if (known.ambiguous !== null) {
    const { key, value } = known.ambiguous;
    return { type: "unknown", steps: 0, why: `${value} was written to ${key} twice` };
  }
  const used = ordersOf(level, orders);
  const order = versionOrder(level, known, used, findings);
  const dependencies = new Dependencies(known.nodes);
  const causes = addDependencies(known, order, dependencies);
  dependencies.addOrders(used);
  const explain = (cause: number, kind: number): Reason => reason(causes[cause], kind);
  const whole = findCycles(dependencies, used, explain, findings, spent);
  const compared = transactions.length;
  const verdict = findings.verdict(level, () => ({ type: "direct", compared }));
  if (verdict.type === "ok" && !whole) {
    const steps = dependencies.edges.count;
    return { type: "unknown", steps, why: "the search for cycles was cut short" };
  }
  return verdict;
}

/** The version that was read or written over, and the one that was written; the first is null where it is the initial one. */
interface Cause {
  readonly before: Version | null;
  readonly after: Version;
  readonly how: string;
}

function addDependencies(known: Registers, order: VersionOrder, to: Dependencies): Cause[] {
  const causes: Cause[] = [];
  const readers = new Map<Version, number[]>();
  for (const { node, reads } of known.accesses) {
    for (const version of reads.values()) {
      const others = readers.get(version);
      if (others === undefined) readers.set(version, [node]);
      else others.push(node);
      if (version.writer === null || version.writer.node === -1) continue;
      causes.push({ before: null, after: version, how: "" });
      to.add(version.writer.node, node, WR, causes.length - 1);
    }
  }
  const later = new Set<Version>();
  for (let e = 0; e < order.edges.count; e++) {
    const before = known.versions[at32(order.edges.from, e)];
    const after = known.versions[at32(order.edges.to, e)];
    if (before === undefined || after === undefined || !known.committed(after)) continue;
    const target = after.writer?.node ?? -1;
    if (after.writer?.intermediate !== false) continue;
    causes.push({ before, after, how: order.sources[at32(order.edges.cause, e)] ?? "" });
    for (const reader of readers.get(before) ?? []) to.add(reader, target, RW, causes.length - 1);
    const writer = before.writer;
    if (writer === null || writer.intermediate || writer.node === target) continue;
    if (!known.committed(before)) continue;
    later.add(after);
    to.add(writer.node, target, WW, causes.length - 1);
  }
  addInitialReads(known, readers, later, causes, to);
  return causes;
}

/** Who read the initial version comes before all writers; it is enough to say so of those that come after no other. */
function addInitialReads(
  known: Registers,
  readers: ReadonlyMap<Version, readonly number[]>,
  later: ReadonlySet<Version>,
  causes: Cause[],
  to: Dependencies,
): void {
  const earliest = new Map<Atom, Version[]>();
  for (const version of known.versions) {
    if (!known.committed(version) || later.has(version)) continue;
    if (version.writer?.intermediate !== false) continue;
    const others = earliest.get(version.key);
    if (others === undefined) earliest.set(version.key, [version]);
    else others.push(version);
  }
  for (const [version, nodes] of readers) {
    if (version.value !== null) continue;
    for (const after of earliest.get(version.key) ?? []) {
      causes.push({ before: null, after, how: "" });
      for (const node of nodes) to.add(node, after.writer?.node ?? node, RW, causes.length - 1);
    }
  }
}

function reason(cause: Cause | undefined, kind: number): Reason {
  if (cause === undefined) return { kind: "ww", key: null, why: "" };
  const { before, after, how } = cause;
  const key = String(after.key);
  if (kind === WR) return { kind: "wr", key, why: `${key} = ${after.value} was read` };
  const old = before === null ? `the initial ${key}` : `${key} = ${before.value}`;
  const by = how === "" ? "" : `, by ${how}`;
  const did = kind === RW ? "read" : "written";
  const why = `${old} was ${did}, and ${after.value} came after it${by}`;
  return { kind: kind === RW ? "rw" : "ww", key, why };
}
