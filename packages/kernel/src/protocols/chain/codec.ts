import { readFlag, readUpdateEntries } from "../../core/appointed/index.ts";
import {
  type Bytes,
  decoded,
  entriesBytes,
  logIndex,
  Malformed,
  Reader,
  readNodeId,
  ticks,
  Writer,
  writeEntries,
} from "../../core/index.ts";
import type { Chain, ChainMessage, Memory } from "./message.ts";

/** The place of a type in this list is its byte on the wire: append only. */
const TYPES = [
  "Update",
  "Ack",
  "Beat",
  "Here",
  "Ask",
  "Answer",
] as const satisfies readonly ChainMessage["type"][];
const MEMORIES = ["whole", "new", "lost", "blank"] as const satisfies readonly Memory[];
const STATES = ["Holds", "Lacks", "Forked"] as const;
/** Members of a chain. */
const ORDER_MAX = 64;
const NODE_BYTES = 8;
/** Bytes of a chain beside its members, of an update beside its chain and its entries, and at most of any other message. */
const CHAIN_BYTES = 17;
const UPDATE_BYTES = 34;
const SMALL_BYTES = 42;

export const holdsEntries = (bytes: Bytes): boolean => TYPES[bytes[0] ?? -1] === "Update";

export function encodeMessage(m: ChainMessage): Bytes {
  const w = new Writer(sizeOf(m)).u8(TYPES.indexOf(m.type)).uint(m.epoch);
  switch (m.type) {
    case "Update":
      writeChain(w, m.chain).uint(m.prev.index).uint(m.prev.epoch).uint(m.commit);
      return writeEntries(w.u8(Number(m.answer)), m.entries).take();
    case "Ack":
      return w.u8(STATES.indexOf(m.state)).uint(m.match).uint(m.commit).take();
    case "Beat":
      writeChain(w, m.chain).u8(Number(m.echo !== null));
      return m.echo === null ? w.take() : w.uint(m.echo).take();
    case "Here":
      w.uint(m.at).uint(m.number).uint(m.held).uint(m.commit);
      return w.u8(MEMORIES.indexOf(m.memory)).take();
    case "Ask":
      return w.uint(m.question).take();
    case "Answer":
      return w.uint(m.question).uint(m.index).take();
  }
}

export const decodeMessage = (bytes: Bytes): ChainMessage | Malformed =>
  decoded(() => {
    const r = new Reader(bytes);
    const message = read(r);
    r.end();
    return message;
  });

function read(r: Reader): ChainMessage {
  const type = TYPES[r.u8()];
  const epoch = r.uint();
  switch (type) {
    case "Update": {
      const chain = readChain(r);
      const prev = { index: logIndex(r.uint()), epoch: r.uint() };
      const [commit, answer] = [logIndex(r.uint()), readFlag(r)];
      return {
        type,
        epoch,
        chain,
        prev,
        commit,
        answer,
        entries: readUpdateEntries(r, prev, epoch),
      };
    }
    case "Ack": {
      const state = STATES[r.u8()];
      if (state === undefined) throw new Malformed("no such acknowledgement");
      return { type, epoch, state, match: logIndex(r.uint()), commit: logIndex(r.uint()) };
    }
    case "Beat": {
      const chain = readChain(r);
      return { type, epoch, chain, echo: readFlag(r) ? ticks(r.uint()) : null };
    }
    case "Here": {
      const [at, number] = [ticks(r.uint()), r.uint()];
      const [held, commit] = [logIndex(r.uint()), logIndex(r.uint())];
      const memory = MEMORIES[r.u8()];
      if (memory === undefined) throw new Malformed("no such memory");
      return { type, epoch, at, number, held, commit, memory };
    }
    case "Ask":
      return { type, epoch, question: r.uint() };
    case "Answer":
      return { type, epoch, question: r.uint(), index: logIndex(r.uint()) };
    default:
      throw new Malformed("no such message of chain replication");
  }
}

/** Of an update exactly, so that it is not copied when it is taken. */
function sizeOf(m: ChainMessage): number {
  if (m.type === "Update") return UPDATE_BYTES + chainBytes(m.chain) + entriesBytes(m.entries);
  return m.type === "Beat" ? SMALL_BYTES + chainBytes(m.chain) : SMALL_BYTES;
}

const chainBytes = ({ order }: Chain): number => CHAIN_BYTES + NODE_BYTES * order.length;

function writeChain(w: Writer, { number, order, floor }: Chain): Writer {
  w.uint(number).uint(floor).u8(order.length);
  for (const member of order) w.u64(member);
  return w;
}

/** A chain has a head, and nobody stands in it twice. */
function readChain(r: Reader): Chain {
  const [number, floor, length] = [r.uint(), logIndex(r.uint()), r.u8()];
  if (length === 0 || length > ORDER_MAX) throw new Malformed(`a chain of ${length}`);
  const order = Array.from({ length }, () => readNodeId(r));
  if (new Set(order).size !== length) throw new Malformed("a member stands twice in its chain");
  return { number, order, floor };
}
