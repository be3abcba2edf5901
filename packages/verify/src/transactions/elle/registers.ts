import type { Atom, Transaction } from "../transaction.ts";
import type { Findings } from "./found.ts";
import { addLostUpdate } from "./list-answers.ts";

/** One value of one key; `value` null is the initial one. */
export interface Version {
  readonly number: number;
  readonly key: Atom;
  readonly value: Atom | null;
  /** Null for the initial version, and for a value that nobody wrote. */
  readonly writer: Write | null;
}

interface Write {
  readonly transaction: Transaction;
  /** Its transaction's node; −1 where it failed. */
  readonly node: number;
  intermediate: boolean;
}

/** What a transaction shows to the others: per key its first read, if before any write of its own, and its last write. */
export interface Access {
  readonly transaction: Transaction;
  readonly node: number;
  readonly reads: ReadonlyMap<Atom, Version>;
  readonly writes: ReadonlyMap<Atom, Version>;
  /** Are its answers known? */
  readonly known: boolean;
}

export interface Registers {
  /** By number. */
  readonly versions: readonly Version[];
  /** Of the transactions that may have committed, by node. */
  readonly accesses: readonly Access[];
  readonly nodes: readonly Transaction[];
  /** Did the transaction of this version commit? One of unknown outcome did where something that it wrote was read. */
  readonly committed: (version: Version) => boolean;
  /** Set where two writes of a key are equal: then nothing can be said. */
  readonly ambiguous: Version | null;
}

/** Collects versions and accesses, and judges what each transaction answers by itself. */
export function registers(transactions: readonly Transaction[], findings: Findings): Registers {
  return new Reader(transactions, findings).read();
}

class Reader {
  readonly #transactions: readonly Transaction[];
  readonly #findings: Findings;
  readonly #versions: Version[] = [];
  readonly #byKey = new Map<Atom, Map<Atom | null, Version>>();
  readonly #read = new Set<Transaction>();
  #ambiguous: Version | null = null;

  constructor(transactions: readonly Transaction[], findings: Findings) {
    this.#transactions = transactions;
    this.#findings = findings;
  }

  read(): Registers {
    const nodes: Transaction[] = [];
    for (const transaction of this.#transactions) {
      const node = transaction.outcome === "failed" ? -1 : nodes.push(transaction) - 1;
      this.#addWrites(transaction, node);
    }
    const accesses = nodes.map((transaction, node) => this.#access(transaction, node));
    this.#judgeUpdates(accesses);
    const committed = ({ writer }: Version): boolean =>
      writer !== null &&
      writer.node !== -1 &&
      (writer.transaction.outcome === "ok" || this.#read.has(writer.transaction));
    return {
      versions: this.#versions,
      accesses,
      nodes,
      committed,
      ambiguous: this.#ambiguous,
    };
  }

  #addWrites(transaction: Transaction, node: number): void {
    const last = new Map<Atom, Write>();
    for (const step of transaction.steps) {
      if (step.type !== "write") continue;
      const write = { transaction, node, intermediate: false };
      const previous = last.get(step.key);
      if (previous !== undefined) previous.intermediate = true;
      last.set(step.key, write);
      const versions = this.#of(step.key);
      if (versions.has(step.value)) this.#ambiguous ??= versions.get(step.value) ?? null;
      versions.set(step.value, this.#add(step.key, step.value, write));
    }
  }

  #access(transaction: Transaction, node: number): Access {
    const reads = new Map<Atom, Version>();
    const writes = new Map<Atom, Version>();
    const state = new Map<Atom, Atom | null>();
    const known = transaction.outcome === "ok";
    for (const step of transaction.steps) {
      if (step.type === "write") {
        writes.set(step.key, this.#version(step.key, step.value));
        state.set(step.key, step.value);
      } else if (step.type === "read" && known) {
        const version = this.#version(step.key, step.value);
        this.#judgeRead(transaction, version);
        const expected = state.get(step.key);
        if (expected !== undefined && expected !== step.value) {
          this.#findings.answer("internal", transaction, `${step.key} = ${expected ?? "initial"}`);
        }
        state.set(step.key, step.value);
        if (!writes.has(step.key) && !reads.has(step.key)) reads.set(step.key, version);
        if (version.writer?.transaction === transaction && !writes.has(step.key)) {
          const later = `${step.key} without ${step.value}, which it writes only later`;
          this.#findings.answer("future-read", transaction, later);
        }
      }
    }
    return { transaction, node, reads, writes, known };
  }

  #judgeRead(reader: Transaction, version: Version): void {
    const { key, value, writer } = version;
    if (value === null) return;
    if (writer === null) {
      const expected = `${key} with a value that somebody wrote, which ${value} is not`;
      this.#findings.answer("garbage-read", reader, expected);
      return;
    }
    this.#read.add(writer.transaction);
    if (writer.node === -1) {
      const expected = `${key} without ${value}, whose transaction aborted`;
      this.#findings.answer("G1a", reader, expected, [writer.transaction]);
    } else if (writer.intermediate && writer.transaction !== reader) {
      const expected = `${key} without ${value}, which its transaction wrote over`;
      this.#findings.answer("G1b", reader, expected, [writer.transaction]);
    }
  }

  /** Two committed transactions that read the same version of a key and both wrote the key. */
  #judgeUpdates(accesses: readonly Access[]): void {
    const updaters = new Map<Version, Transaction>();
    for (const { transaction, reads, writes, known } of accesses) {
      if (!known) continue;
      for (const [key, version] of reads) {
        if (!writes.has(key)) continue;
        const other = updaters.get(version);
        if (other === undefined) updaters.set(version, transaction);
        else addLostUpdate(this.#findings, other, transaction, String(key));
      }
    }
  }

  #of(key: Atom): Map<Atom | null, Version> {
    let versions = this.#byKey.get(key);
    if (versions === undefined) this.#byKey.set(key, (versions = new Map()));
    return versions;
  }

  #version(key: Atom, value: Atom | null): Version {
    const versions = this.#of(key);
    let version = versions.get(value);
    if (version === undefined) versions.set(value, (version = this.#add(key, value, null)));
    return version;
  }

  #add(key: Atom, value: Atom | null, writer: Write | null): Version {
    const version = { number: this.#versions.length, key, value, writer };
    this.#versions.push(version);
    return version;
  }
}
