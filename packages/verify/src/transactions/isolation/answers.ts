import { at32 } from "../graph/index.ts";
import type { Atom, Transaction } from "../transaction.ts";
import { INITIAL, type RegisterHistory, Rows, registerHistory } from "./history.ts";

/** An answer that no order of transactions can explain. */
export interface WrongAnswer {
  readonly anomaly: string;
  readonly reader: Transaction;
  readonly writer: Transaction | null;
  readonly expected: string;
}

export interface Answers {
  readonly history: RegisterHistory;
  readonly wrong: readonly WrongAnswer[];
  /** Why nothing can be said; null where something can. */
  readonly unfit: string | null;
}

/**
 * Finds out who wrote what was read, and judges each answer by itself: values that nobody wrote, of aborted transactions, that
 * were written over by their own transaction, or that contradict the reader's own writes (axiom INT of Cerone-Bernardi-Gotsman).
 *
 * Of a transaction whose outcome is unknown, to have been read by a committed one is to have committed. If nobody read it, it is
 * left out: whatever level holds with it holds without it.
 */
export function answers(transactions: readonly Transaction[]): Answers {
  return new Judge(transactions).judge();
}

/** Writes are numbered as they come; what there is to know of each is in columns. */
class Judge {
  readonly #transactions: readonly Transaction[];
  readonly #keys: Atom[] = [];
  readonly #keyNumber = new Map<Atom, number>();
  /** For each key, the write of each value. */
  readonly #writes: Map<Atom, number>[] = [];
  /** For each write, the place of its transaction. */
  readonly #writer: number[] = [];
  /** For each write: is it the last that its transaction wrote to the key? */
  readonly #final: boolean[] = [];
  /** For each key, the last write so far. */
  readonly #last: number[] = [];
  readonly #wrong: WrongAnswer[] = [];
  #unfit: string | null = null;

  constructor(transactions: readonly Transaction[]) {
    this.#transactions = transactions;
  }

  judge(): Answers {
    this.#transactions.forEach((transaction, place) => {
      this.#addWrites(transaction, place);
    });
    const rows = new Rows(this.#keys);
    const node = new Int32Array(this.#transactions.length).fill(-1);
    const committed = this.#committed();
    this.#transactions.forEach((_, place) => {
      if (committed[place] === 1) node[place] = rows.count++;
    });
    // A key that was only ever read gets its number here.
    const own = new OwnWrites();
    this.#transactions.forEach((transaction, place) => {
      if (committed[place] !== 1) return;
      this.#addRow(transaction, place, node, own, rows);
    });
    return { history: registerHistory(rows), wrong: this.#wrong, unfit: this.#unfit };
  }

  #key(key: Atom): number {
    let number = this.#keyNumber.get(key);
    if (number === undefined) {
      number = this.#keys.push(key) - 1;
      this.#keyNumber.set(key, number);
      this.#writes.push(new Map());
      this.#last.push(-1);
    }
    return number;
  }

  #addWrites(transaction: Transaction, place: number): void {
    for (const step of transaction.steps) {
      if (step.type === "append" || step.type === "read-list") {
        this.#unfit ??= `transaction ${transaction.index} uses lists, and this level is about registers`;
      }
      if (step.type !== "write") continue;
      const key = this.#key(step.key);
      const previous = this.#last[key] ?? -1;
      if (this.#writer[previous] === place) this.#final[previous] = false;
      this.#last[key] = this.#addWrite(key, step.value, place);
    }
  }

  /** Of two equal values, the one that did not abort counts. */
  #addWrite(key: number, value: Atom, place: number): number {
    const values = this.#writes[key];
    const write = this.#writer.push(place) - 1;
    this.#final.push(true);
    const other = values?.get(value);
    if (other !== undefined && this.#writer[other] !== place) {
      if (this.#outcome(write) === "failed") return write;
      if (this.#outcome(other) !== "failed") {
        this.#unfit ??= `${value} was written to ${this.#keys[key]} twice`;
      }
    }
    values?.set(value, write);
    return write;
  }

  #outcome(write: number): string | undefined {
    return this.#transactions[this.#writer[write] ?? -1]?.outcome;
  }

  /** 1 for each place whose transaction committed. */
  #committed(): Uint8Array {
    const committed = new Uint8Array(this.#transactions.length);
    const open: number[] = [];
    let unknown = false;
    this.#transactions.forEach(({ outcome }, place) => {
      if (outcome === "unknown") unknown = true;
      if (outcome !== "ok") return;
      committed[place] = 1;
      open.push(place);
    });
    if (!unknown) return committed;
    for (const place of open) {
      for (const step of this.#transactions[place]?.steps ?? []) {
        if (step.type !== "read" || step.value === null) continue;
        const write = this.#writes[this.#key(step.key)]?.get(step.value) ?? -1;
        if (this.#outcome(write) !== "unknown") continue;
        const writer = this.#writer[write] ?? -1;
        if (committed[writer] === 1) continue;
        committed[writer] = 1;
        open.push(writer);
      }
    }
    return committed;
  }

  #addRow(
    transaction: Transaction,
    place: number,
    node: Int32Array,
    own: OwnWrites,
    rows: Rows,
  ): void {
    for (const step of transaction.steps) {
      if (step.type === "write") {
        const key = this.#key(step.key);
        if (own.write(key, step.value, place)) rows.write(key);
      } else if (step.type === "read") {
        const key = this.#key(step.key);
        const mine = own.value(key, place);
        if (mine === null) {
          const source = this.#source(transaction, place, key, step.value, node);
          if (source !== null) rows.read(key, source);
        } else if (mine !== step.value) {
          const thin = step.value !== null && this.#writes[key]?.has(step.value) !== true;
          const anomaly = thin ? "thin-air read" : "internal";
          const expected = `${step.key} = ${mine}, which it wrote itself`;
          this.#wrong.push({ anomaly, reader: transaction, writer: null, expected });
        }
      }
    }
    rows.end(transaction);
  }

  /** Who wrote what was read; null, and a wrong answer noted, where it cannot be. */
  #source(
    reader: Transaction,
    place: number,
    key: number,
    value: Atom | null,
    node: Int32Array,
  ): number | null {
    if (value === null) return INITIAL;
    const write = this.#writes[key]?.get(value) ?? -1;
    const writerPlace = this.#writer[write] ?? -1;
    const writer = this.#transactions[writerPlace] ?? null;
    const wrong = (anomaly: string, why: string): null => {
      const expected = `${this.#keys[key]} without ${value}, ${why}`;
      this.#wrong.push({ anomaly, reader, writer, expected });
      return null;
    };
    if (writer === null) return wrong("thin-air read", "which nobody wrote");
    if (writer.outcome === "failed") return wrong("G1a", "whose transaction aborted");
    if (writerPlace === place) return wrong("future-read", "which it writes only later");
    if (this.#final[write] !== true) return wrong("G1b", "which its transaction wrote over");
    return at32(node, writerPlace);
  }
}

/** What the transaction at hand has written so far. */
class OwnWrites {
  readonly #place: number[] = [];
  readonly #value: (Atom | null)[] = [];

  /** True for the first write of the key. */
  write(key: number, value: Atom, place: number): boolean {
    this.#value[key] = value;
    if (this.#place[key] === place) return false;
    this.#place[key] = place;
    return true;
  }

  value(key: number, place: number): Atom | null {
    return this.#place[key] === place ? (this.#value[key] ?? null) : null;
  }
}
