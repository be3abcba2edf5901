import {
  type Accepted,
  type Ballot,
  type Bytes,
  decodeConfig,
  decoded,
  type Entry,
  entriesBytes,
  logIndex,
  Malformed,
  Reader,
  readBallot,
  readEntries,
  Writer,
  writeEntries,
} from "../../core/index.ts";
import type { PaxosMessage, Slot } from "./message.ts";

/** The place of a type in this list is its byte on the wire: append only. */
const TYPES = [
  "PreVote",
  "PreVoteReply",
  "Prepare",
  "Promised",
  "Reject",
  "Accept",
  "AcceptedSlots",
  "Decided",
  "Ack",
  "Heartbeat",
  "HeartbeatReply",
  "TakeOver",
  "ReadIndex",
  "ReadIndexReply",
] as const satisfies readonly PaxosMessage["type"][];

/** The bytes of each type, entries aside: a buffer that fits exactly is handed over as it is. */
const SIZES: Readonly<Record<PaxosMessage["type"], number>> = {
  PreVote: 17,
  PreVoteReply: 10,
  Prepare: 18,
  Promised: 41,
  Reject: 17,
  Accept: 33,
  AcceptedSlots: 37,
  Decided: 18,
  Ack: 17,
  Heartbeat: 33,
  HeartbeatReply: 26,
  TakeOver: 9,
  ReadIndex: 17,
  ReadIndexReply: 25,
};
/** What an accepted entry takes beside its command: its slot, a count, and the head of an entry. */
const ACCEPTED_HEAD_BYTES = 25;

/** Does this message, should it be one, hold entries? Only then does anything keep its bytes. */
export function holdsEntries(bytes: Bytes): boolean {
  const type = TYPES[bytes[0] ?? -1];
  return type === "Accept" || type === "Promised";
}

/** Field by field, so that two releases and two engines write the same bytes. */
export function encodeMessage(m: PaxosMessage): Bytes {
  const writer = new Writer(SIZES[m.type] + bodyBytes(m)).u8(TYPES.indexOf(m.type)).uint(m.ballot);
  switch (m.type) {
    case "PreVote":
      return writer.uint(m.fromSlot).take();
    case "PreVoteReply":
      return writer.u8(Number(m.granted)).take();
    case "Prepare":
      return writer.uint(m.fromSlot).u8(Number(m.takeOver)).take();
    case "Promised":
      writeEntries(
        writer
          .uint(m.fromSlot)
          .uint(m.decided)
          .uint(m.acceptedUnder)
          .uint(m.rest ?? 0),
        m.chosen,
      );
      return writeAccepted(writer, m.accepted).take();
    case "Reject":
      return writer.uint(m.promised).take();
    case "Accept":
      writer.uint(m.slot).uint(m.decided).uint(m.round);
      return writeEntries(writer, m.entries).take();
    case "AcceptedSlots":
      return writer.uint(m.slot).u32(m.count).uint(m.decided).uint(m.round).take();
    case "Decided":
      return writer.uint(m.decided).u8(Number(m.acknowledge)).take();
    case "Ack":
      return writer.uint(m.decided).take();
    case "Heartbeat":
      return writer.uint(m.decided).uint(m.ownFrom).uint(m.round).take();
    case "HeartbeatReply":
      return writer.uint(m.decided).uint(m.round).u8(Number(m.repairing)).take();
    case "TakeOver":
      return writer.take();
    case "ReadIndex":
      return writer.uint(m.question).take();
    case "ReadIndexReply":
      return writer.uint(m.question).uint(m.readIndex).take();
  }
}

function bodyBytes(m: PaxosMessage): number {
  if (m.type === "Accept") return entriesBytes(m.entries);
  if (m.type === "Promised") return entriesBytes(m.chosen) + acceptedBytes(m.accepted);
  return 0;
}

/** A message, or why these bytes are none. Entries are slices of the given bytes, which must not be reused. */
export const decodeMessage = (bytes: Bytes): PaxosMessage | Malformed =>
  decoded(() => read(new Reader(bytes)));

function read(r: Reader): PaxosMessage {
  const type = TYPES[r.u8()];
  const message = readBody(type, readBallot(r), r);
  r.end();
  return message;
}

function readBody(
  type: (typeof TYPES)[number] | undefined,
  ballot: Ballot,
  r: Reader,
): PaxosMessage {
  switch (type) {
    case "PreVote":
      return { type, ballot, fromSlot: firstSlot(r) };
    case "PreVoteReply":
      return { type, ballot, granted: flag(r) };
    case "Prepare":
      return { type, ballot, fromSlot: firstSlot(r), takeOver: flag(r) };
    case "Promised":
      return readPromised(ballot, r);
    case "Reject":
      return { type, ballot, promised: readBallot(r) };
    case "Accept": {
      const [slot, decided, round] = [firstSlot(r), logIndex(r.uint()), r.uint()];
      return { type, ballot, slot, decided, round, entries: readChosen(r, slot) };
    }
    case "AcceptedSlots": {
      const [slot, count] = [firstSlot(r), r.u32()];
      return { type, ballot, slot, count, decided: logIndex(r.uint()), round: r.uint() };
    }
    case "Decided":
      return { type, ballot, decided: logIndex(r.uint()), acknowledge: flag(r) };
    case "Ack":
      return { type, ballot, decided: logIndex(r.uint()) };
    case "Heartbeat": {
      const [decided, ownFrom] = [logIndex(r.uint()), logIndex(r.uint())];
      return { type, ballot, decided, ownFrom, round: r.uint() };
    }
    case "HeartbeatReply": {
      const [decided, round] = [logIndex(r.uint()), r.uint()];
      return { type, ballot, decided, round, repairing: flag(r) };
    }
    case "TakeOver":
      return { type, ballot };
    case "ReadIndex":
      return { type, ballot, question: r.uint() };
    case "ReadIndexReply":
      return { type, ballot, question: r.uint(), readIndex: logIndex(r.uint()) };
    case undefined:
      throw new Malformed("no such Paxos message");
  }
}

function readPromised(ballot: Ballot, r: Reader): PaxosMessage {
  const [fromSlot, decided] = [firstSlot(r), logIndex(r.uint())];
  const [acceptedUnder, rest] = [readBallot(r), logIndex(r.uint())];
  const chosen = readChosen(r, fromSlot);
  const accepted = readAccepted(r);
  if (rest !== 0 && rest <= fromSlot) throw new Malformed("a promise that does not go on");
  const next = rest === 0 ? null : rest;
  return {
    type: "Promised",
    ballot,
    fromSlot,
    chosen,
    accepted,
    decided,
    acceptedUnder,
    rest: next,
  };
}

/** Entries from `first` on, as the log may hold them: of no ballot. */
export function readChosen(r: Reader, first: Slot): readonly Entry[] {
  const entries = readEntries(r, logIndex(first - 1));
  for (const entry of entries) {
    if (entry.epoch !== 0) throw new Malformed("no entry of Multi-Paxos");
    assertReadable(entry);
  }
  return entries;
}

/** Members that cannot be read would stop whoever learns them. */
function assertReadable({ kind, command }: Entry): void {
  if (kind === "configuration") decodeConfig(command);
}

/** Each with its slot, for there may be gaps; the ballot stands where the codec of entries has the epoch. */
export function writeAccepted(writer: Writer, accepted: readonly Accepted<Entry>[]): Writer {
  writer.u32(accepted.length);
  for (const { ballot, value } of accepted)
    writeEntries(writer.uint(value.index), [{ ...value, epoch: ballot }]);
  return writer;
}

export function readAccepted(r: Reader): readonly Accepted<Entry>[] {
  const count = r.u32();
  // A count that lies is found before anything is allocated for it.
  if (count * ACCEPTED_HEAD_BYTES > r.left)
    throw new Malformed(`${count} accepted entries in ${r.left} bytes`);
  const accepted: Accepted<Entry>[] = [];
  let last = 0;
  for (let i = 0; i < count; i++) {
    const slot = firstSlot(r);
    const [entry, ...more] = readEntries(r, logIndex(slot - 1));
    const sound = entry !== undefined && more.length === 0 && slot > last;
    if (!sound || entry.epoch === 0) throw new Malformed("no accepted entry");
    assertReadable(entry);
    accepted.push({ ballot: entry.epoch as Ballot, value: { ...entry, epoch: 0 } });
    last = slot;
  }
  return accepted;
}

export const acceptedBytes = (accepted: readonly Accepted<Entry>[]): number =>
  accepted.reduce((sum, { value }) => sum + ACCEPTED_HEAD_BYTES + value.command.length, 4);

/** Slots are counted from 1, and end where their successors could no longer be counted. */
function firstSlot(r: Reader): Slot {
  const slot = r.uint();
  if (slot === 0 || slot > SLOT_MAX) throw new Malformed(`${slot} is no slot`);
  return slot as Slot;
}

const SLOT_MAX = 2 ** 52;

function flag(r: Reader): boolean {
  const byte = r.u8();
  if (byte > 1) throw new Malformed("a flag is 0 or 1");
  return byte === 1;
}
