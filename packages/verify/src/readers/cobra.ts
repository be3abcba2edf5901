import { Malformed } from "../history/index.ts";
import type { Atom, Step, Transaction } from "../transactions/index.ts";
import { Sessions } from "./sessions.ts";

/** Ids that stand for the initial state, and for a key that did not exist. */
const INITIAL: readonly Atom[] = [0xbebeebee, 0xdeadbeef];

/** Cobra's logs, one file a session, big endian. A write is named by its write id, which is unique; its value does not count. */
export function cobraTransactions(files: readonly Uint8Array[]): readonly Transaction[] {
  const sessions = new Sessions();
  files.forEach((bytes, session) => {
    readLog(bytes, session, sessions);
  });
  return sessions.transactions([]);
}

function readLog(bytes: Uint8Array, session: number, sessions: Sessions): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let steps: Step[] | null = null;
  const at = { byte: 0 };
  while (at.byte < bytes.length) {
    const from = at.byte;
    const tag = String.fromCharCode(view.getUint8(at.byte++));
    const fields = FIELDS[tag];
    if (fields === undefined) throw new Malformed(`byte ${from}: unknown record ${tag}`, null);
    if (at.byte + 8 * fields > bytes.length) {
      throw new Malformed(`byte ${from}: the file ends in mid-record`, null);
    }
    if (tag === "S") {
      view.getBigInt64(at.byte);
      at.byte += 8;
      steps = [];
      continue;
    }
    if (steps === null) throw new Malformed(`byte ${from}: outside a transaction`, null);
    if (tag === "W") steps.push(write(view, at));
    else if (tag === "R") steps.push(read(view, at));
    else {
      at.byte += 8;
      sessions.begin(session, tag === "C" ? "ok" : "failed").push(...steps);
      steps = null;
    }
  }
  // A log that ends inside a transaction does not say what became of it.
  if (steps !== null) sessions.begin(session, "unknown").push(...steps);
}

/** Record tags, and how many integers follow. */
const FIELDS: Readonly<Record<string, number>> = { S: 1, W: 3, R: 4, C: 1, A: 1 };

interface At {
  byte: number;
}

function write(view: DataView, at: At): Step {
  const id = integer(view, at);
  const key = integer(view, at);
  at.byte += 8;
  return { type: "write", key, value: id };
}

function read(view: DataView, at: At): Step {
  const writer = integer(view, at);
  const id = integer(view, at);
  const key = integer(view, at);
  at.byte += 8;
  const initial = INITIAL.includes(writer) && INITIAL.includes(id);
  return { type: "read", key, value: initial ? null : id };
}

function integer(view: DataView, at: At): Atom {
  const value = view.getBigUint64(at.byte);
  at.byte += 8;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}
