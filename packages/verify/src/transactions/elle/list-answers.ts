import type { Atom, Transaction } from "../transaction.ts";
import type { Findings } from "./found.ts";
import { type Append, isPrefix, type KeyList, type Lists } from "./lists.ts";

/** What the answers alone show, without any cycle: each transaction beside the lists. */
export function judgeListAnswers(lists: Lists, findings: Findings): void {
  const updates = new Map<KeyList, Map<string | number, Transaction>>();
  for (const transaction of lists.nodes) {
    if (transaction.outcome !== "ok") continue;
    judgeInside(transaction, lists, findings);
    for (const step of transaction.steps) {
      if (step.type !== "read-list") continue;
      const key = lists.keys.get(step.key);
      if (key !== undefined) judgeRead(transaction, step.value, key, findings);
    }
    judgeUpdate(transaction, lists, updates, findings);
  }
  for (const key of lists.keys.values()) if (key.aborted) judgeDirtyUpdate(key, findings);
}

/** Aborted, intermediate and garbage reads, duplicates, and orders that do not agree. */
function judgeRead(
  reader: Transaction,
  list: readonly Atom[],
  key: KeyList,
  findings: Findings,
): void {
  const prefix = isPrefix(list, key);
  if (!prefix && key.reader !== null) {
    const expected = `a beginning of ${show(key.longest)}, which another read of ${key.key}`;
    findings.answer("incompatible-order", reader, expected, [key.reader]);
  }
  const clean = key.versions.length === key.longest.length;
  if (!prefix || !clean) judgeElements(reader, list, key, findings);
  const last = list.at(-1);
  const append = last === undefined ? undefined : key.appends.get(last);
  if (append?.intermediate && append.transaction !== reader) {
    const expected = `${key.key} without ${last}, or with what the same transaction appended after it`;
    findings.answer("G1b", reader, expected, [append.transaction]);
  }
}

function judgeElements(
  reader: Transaction,
  list: readonly Atom[],
  key: KeyList,
  findings: Findings,
): void {
  const seen = new Set<Atom>();
  for (const value of list) {
    if (seen.has(value)) {
      findings.answer("duplicate-elements", reader, `${value} at most once in ${key.key}`);
    }
    seen.add(value);
    const append = key.appends.get(value);
    if (append === undefined) {
      findings.answer("garbage-read", reader, `${key.key} without ${value}, which nobody appended`);
    } else if (append.node === -1) {
      const expected = `${key.key} without ${value}, whose transaction aborted`;
      findings.answer("G1a", reader, expected, [append.transaction]);
    }
  }
}

/** What a transaction knows of one key from its own steps. */
interface Own {
  /** The list before its own appends; null as long as it did not read. */
  read: readonly Atom[] | null;
  appended: Atom[];
}

/**
 * Axiom INT (Cerone-Bernardi-Gotsman §3): a read returns what the transaction itself read or wrote last, as far as it knows;
 * and no read returns what the transaction appends only later.
 */
function judgeInside(transaction: Transaction, lists: Lists, findings: Findings): void {
  if (transaction.steps.length < 2) return;
  const own = new Map<Atom, Own>();
  for (const step of transaction.steps) {
    if (step.type !== "append" && step.type !== "read-list") continue;
    const known = own.get(step.key);
    if (step.type === "append") {
      if (known === undefined) own.set(step.key, { read: null, appended: [step.value] });
      else {
        const place = lists.keys.get(step.key)?.appends.get(step.value)?.place ?? -1;
        if (
          known.read !== null &&
          (known.read[place] === step.value || known.read.includes(step.value))
        ) {
          const expected = `${step.key} without ${step.value}, which it appends only later`;
          findings.answer("future-read", transaction, expected);
        }
        known.appended.push(step.value);
      }
      continue;
    }
    if (known !== undefined && !agrees(known, step.value)) {
      const before = known.read === null ? "…" : known.read.join(" ");
      const expected = `${step.key} = [${[before, ...known.appended].join(" ").trim()}]`;
      findings.answer("internal", transaction, expected);
    }
    own.set(step.key, { read: step.value, appended: [] });
  }
}

function agrees(known: Own, list: readonly Atom[]): boolean {
  const before = list.length - known.appended.length;
  if (before < 0 || (known.read !== null && known.read.length !== before)) return false;
  return (
    known.appended.every((value, i) => list[before + i] === value) &&
    (known.read === null || known.read.every((value, i) => list[i] === value))
  );
}

/**
 * Two committed transactions read the same version of a key, and both appended to it: one did so in ignorance of the other,
 * whichever came first. Found directly, because it needs no version order.
 */
function judgeUpdate(
  transaction: Transaction,
  lists: Lists,
  updates: Map<KeyList, Map<string | number, Transaction>>,
  findings: Findings,
): void {
  const { steps } = transaction;
  if (steps.length < 2) return;
  const read = new Map<Atom, readonly Atom[] | null>();
  for (const step of steps) {
    if (step.type === "read-list" && !read.has(step.key)) read.set(step.key, step.value);
    if (step.type !== "append") continue;
    const list = read.get(step.key);
    read.set(step.key, null);
    const key = lists.keys.get(step.key);
    if (list === undefined || list === null || key === undefined) continue;
    const version = isPrefix(list, key) ? list.length : show(list);
    let readers = updates.get(key);
    if (readers === undefined) updates.set(key, (readers = new Map()));
    const other = readers.get(version);
    if (other === undefined) readers.set(version, transaction);
    else if (other !== transaction) addLostUpdate(findings, other, transaction, String(step.key));
  }
}

/** Whichever of the two wrote first, the other did not see it: each comes before the other's write. */
export function addLostUpdate(
  findings: Findings,
  a: Transaction,
  b: Transaction,
  key: string,
): void {
  const why = `both read the same version of ${key} and wrote ${key}, so that neither saw the other's write`;
  findings.add({
    anomaly: "lost-update",
    core: [a.index, b.index],
    evidence: {
      type: "cycle",
      edges: [
        { from: a.index, to: b.index, kind: "rw", key, why },
        { from: b.index, to: a.index, kind: "rw", key, why },
      ],
    },
  });
}

/** A committed transaction appended after an aborted one, whose element stayed: what it wrote rests on what never was. */
function judgeDirtyUpdate(key: KeyList, findings: Findings): void {
  let aborted: Append | null = null;
  for (const value of key.longest) {
    const append = key.appends.get(value);
    if (append === undefined) continue;
    if (append.node === -1) aborted = append;
    else if (append.transaction.outcome === "ok" && aborted !== null) {
      const expected = `its append of ${value} to ${key.key} not after ${aborted.value}, whose transaction aborted`;
      findings.answer("dirty-update", append.transaction, expected, [aborted.transaction]);
      return;
    }
  }
}

const show = (list: readonly Atom[]): string => `[${list.join(" ")}]`;
