import { readFlag, readUpdateEntries } from "../../core/appointed/index.ts";
import {
  type Bytes,
  decoded,
  entriesBytes,
  logIndex,
  Malformed,
  Reader,
  ticks,
  Writer,
  writeEntries,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";

/** The place of a type in this list is its byte on the wire: append only. */
const TYPES = [
  "Update",
  "Ack",
  "Ask",
  "Answer",
  "Pull",
] as const satisfies readonly PrimaryMessage["type"][];
const STATES = ["Holds", "Lacks", "Forked"] as const;

/** Bytes of an update beside its entries. */
const UPDATE_BYTES = 51;
const SMALL_BYTES = 32;

export const holdsEntries = (bytes: Bytes): boolean => TYPES[bytes[0] ?? -1] === "Update";

export function encodeMessage(m: PrimaryMessage): Bytes {
  const size = m.type === "Update" ? UPDATE_BYTES + entriesBytes(m.entries) : SMALL_BYTES;
  const w = new Writer(size).u8(TYPES.indexOf(m.type)).uint(m.epoch);
  switch (m.type) {
    case "Update":
      w.uint(m.prev.index).uint(m.prev.epoch).uint(m.commit).uint(m.since).u8(Number(m.answer));
      w.u8(Number(m.echo !== null)).uint(m.echo ?? 0);
      return writeEntries(w, m.entries).take();
    case "Ack":
      return w.u8(STATES.indexOf(m.state)).uint(m.match).uint(m.at).take();
    case "Ask":
      return w.uint(m.question).take();
    case "Answer":
      return w.uint(m.question).uint(m.index).take();
    case "Pull":
      return w.take();
  }
}

export const decodeMessage = (bytes: Bytes): PrimaryMessage | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const message = read(r);
    r.end();
    return message;
  });

function read(r: Reader): PrimaryMessage {
  const type = TYPES[r.u8()];
  const epoch = r.uint();
  switch (type) {
    case "Update": {
      const prev = { index: logIndex(r.uint()), epoch: r.uint() };
      const [commit, since, answer] = [logIndex(r.uint()), logIndex(r.uint()), readFlag(r)];
      const [echoes, at] = [readFlag(r), ticks(r.uint())];
      if (!echoes && at !== 0) throw new Malformed("an echo of nothing");
      const entries = readUpdateEntries(r, prev, epoch);
      return { type, epoch, prev, commit, since, answer, echo: echoes ? at : null, entries };
    }
    case "Ack": {
      const state = STATES[r.u8()];
      if (state === undefined) throw new Malformed("no such acknowledgement");
      return { type, epoch, state, match: logIndex(r.uint()), at: ticks(r.uint()) };
    }
    case "Ask":
      return { type, epoch, question: r.uint() };
    case "Answer":
      return { type, epoch, question: r.uint(), index: logIndex(r.uint()) };
    case "Pull":
      return { type, epoch };
    default:
      throw new Malformed("no such message of primary–secondary replication");
  }
}
