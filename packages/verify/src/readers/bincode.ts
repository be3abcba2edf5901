import { Malformed } from "../history/index.ts";
import type { Atom, Step, Transaction } from "../transactions/index.ts";
import { Sessions } from "./sessions.ts";

/** One event takes 18 bytes at least, an empty transaction 9, an empty session 8: what a count is checked against. */
const EVENT_BYTES = 18;
const TRANSACTION_BYTES = 9;
const SESSION_BYTES = 8;

/** The bincode of dbcop, which PolySI and Cobra's tools write: little endian, 0 is every key's initial value. */
export function bincodeTransactions(bytes: Uint8Array): readonly Transaction[] {
  const cursor = new Cursor(bytes);
  for (let i = 0; i < 5; i++) cursor.integer();
  for (let i = 0; i < 3; i++) cursor.text();
  const sessions = new Sessions();
  const count = cursor.count(SESSION_BYTES);
  for (let session = 0; session < count; session++) {
    const transactions = cursor.count(TRANSACTION_BYTES);
    for (let i = 0; i < transactions; i++) readTransaction(cursor, session, sessions);
  }
  cursor.end();
  return sessions.transactions([0]);
}

function readTransaction(cursor: Cursor, session: number, sessions: Sessions): void {
  const done: Step[] = [];
  const undone: Step[] = [];
  const count = cursor.count(EVENT_BYTES);
  for (let i = 0; i < count; i++) {
    const write = cursor.flag();
    const key = cursor.integer();
    const value = cursor.integer();
    if (cursor.flag()) done.push({ type: write ? "write" : "read", key, value });
    else if (write) undone.push({ type: "write", key, value });
  }
  const committed = cursor.flag();
  if (done.length > 0 || undone.length === 0) {
    sessions.begin(session, committed ? "ok" : "failed").push(...done);
  }
  // A write that did not succeed is nobody's to read, whatever became of the rest.
  if (undone.length > 0) sessions.begin(session, "failed").push(...undone);
}

class Cursor {
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  integer(): Atom {
    this.need(8);
    const value = this.view.getBigUint64(this.at, true);
    this.at += 8;
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
  }

  /** A count of things that take at least so many bytes each. */
  count(bytesEach: number): number {
    const count = this.integer();
    if (typeof count === "string" || count > (this.view.byteLength - this.at) / bytesEach) {
      throw new Malformed(`byte ${this.at - 8}: ${count} entries do not fit into the file`, null);
    }
    return count;
  }

  text(): void {
    const length = this.count(1);
    this.at += length;
  }

  flag(): boolean {
    this.need(1);
    const value = this.view.getUint8(this.at++);
    if (value > 1) throw new Malformed(`byte ${this.at - 1}: expected 0 or 1`, null);
    return value === 1;
  }

  end(): void {
    if (this.at !== this.view.byteLength)
      throw new Malformed(`byte ${this.at}: more than a history`, null);
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.view.byteLength)
      throw new Malformed("the file ends too early", null);
  }
}
