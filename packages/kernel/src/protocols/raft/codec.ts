import {
  type Bytes,
  decodeConfig,
  decoded,
  entriesBytes,
  isVoter,
  type LogIndex,
  logIndex,
  Malformed,
  Reader,
  readEntries,
  Writer,
  writeEntries,
} from "../../core/index.ts";
import { type AppendEntries, type RaftMessage, term } from "./message.ts";

/** The place of a type in this list is its byte on the wire: append only. */
const TYPES = [
  "PreVote",
  "PreVoteReply",
  "RequestVote",
  "RequestVoteReply",
  "AppendEntries",
  "AppendEntriesReply",
  "Heartbeat",
  "HeartbeatReply",
  "TimeoutNow",
  "ReadIndex",
  "ReadIndexReply",
] as const satisfies readonly RaftMessage["type"][];

/** The bytes of each type, entries aside: a buffer that fits exactly is handed over as it is. */
const SIZES: Readonly<Record<RaftMessage["type"], number>> = {
  PreVote: 25,
  PreVoteReply: 10,
  RequestVote: 26,
  RequestVoteReply: 10,
  AppendEntries: 41,
  AppendEntriesReply: 42,
  Heartbeat: 26,
  HeartbeatReply: 25,
  TimeoutNow: 9,
  ReadIndex: 17,
  ReadIndexReply: 25,
};

/** Does this message, should it be one, hold entries? Only then does anything keep its bytes. */
export const holdsEntries = (bytes: Bytes): boolean => TYPES[bytes[0] ?? -1] === "AppendEntries";

/** Field by field, so that two releases and two engines write the same bytes. */
export function encodeMessage(m: RaftMessage): Bytes {
  const size = m.type === "AppendEntries" ? SIZES[m.type] + entriesBytes(m.entries) : SIZES[m.type];
  const writer = new Writer(size).u8(TYPES.indexOf(m.type)).uint(m.term);
  switch (m.type) {
    case "PreVote":
      return writer.uint(m.lastLogIndex).uint(m.lastLogTerm).take();
    case "RequestVote":
      return writer.uint(m.lastLogIndex).uint(m.lastLogTerm).u8(Number(m.transfer)).take();
    case "PreVoteReply":
    case "RequestVoteReply":
      return writer.u8(Number(m.voteGranted)).take();
    case "AppendEntries":
      writer.uint(m.prevLogIndex).uint(m.prevLogTerm).uint(m.leaderCommit).uint(m.round);
      return writeEntries(writer, m.entries).take();
    case "AppendEntriesReply":
      writer.u8(Number(m.success)).uint(m.matchIndex).uint(m.conflictTerm).uint(m.rejectedIndex);
      return writer.uint(m.round).take();
    case "Heartbeat":
      return writer.uint(m.leaderCommit).uint(m.round).u8(Number(m.quiesce)).take();
    case "HeartbeatReply":
      return writer.uint(m.round).uint(m.lastLogIndex).take();
    case "TimeoutNow":
      return writer.take();
    case "ReadIndex":
      return writer.uint(m.question).take();
    case "ReadIndexReply":
      return writer.uint(m.question).uint(m.readIndex).take();
  }
}

/** A message, or why these bytes are none. Entries are slices of the given bytes, which must not be reused. */
export const decodeMessage = (bytes: Bytes): RaftMessage | Malformed =>
  decoded(() => read(new Reader(bytes)));

function read(r: Reader): RaftMessage {
  const type = TYPES[r.u8()];
  const at = term(r.uint());
  const message = readBody(type, at, r);
  r.end();
  return message;
}

const indexIn = (r: Reader): LogIndex => logIndex(r.uint());

function readBody(
  type: (typeof TYPES)[number] | undefined,
  at: ReturnType<typeof term>,
  r: Reader,
): RaftMessage {
  switch (type) {
    case "PreVote":
      return { type, term: at, lastLogIndex: indexIn(r), lastLogTerm: term(r.uint()) };
    case "RequestVote":
      return {
        type,
        term: at,
        lastLogIndex: indexIn(r),
        lastLogTerm: term(r.uint()),
        transfer: flag(r),
      };
    case "PreVoteReply":
    case "RequestVoteReply":
      return { type, term: at, voteGranted: flag(r) };
    case "AppendEntries":
      return readAppend(at, r);
    case "AppendEntriesReply":
      return {
        type,
        term: at,
        success: flag(r),
        matchIndex: indexIn(r),
        conflictTerm: term(r.uint()),
        rejectedIndex: indexIn(r),
        round: r.uint(),
      };
    case "Heartbeat":
      return { type, term: at, leaderCommit: indexIn(r), round: r.uint(), quiesce: flag(r) };
    case "HeartbeatReply":
      return { type, term: at, round: r.uint(), lastLogIndex: indexIn(r) };
    case "TimeoutNow":
      return { type, term: at };
    case "ReadIndex":
      return { type, term: at, question: r.uint() };
    case "ReadIndexReply":
      return { type, term: at, question: r.uint(), readIndex: indexIn(r) };
    case undefined:
      throw new Malformed("no such Raft message");
  }
}

/** What the step relies on is checked here, where it can still be refused: terms in order, configurations that decode. */
function readAppend(at: ReturnType<typeof term>, r: Reader): AppendEntries {
  const prevLogIndex = logIndex(r.uint());
  const prevLogTerm = term(r.uint());
  const leaderCommit = logIndex(r.uint());
  const round = r.uint();
  const entries = readEntries(r, prevLogIndex);
  let epoch: number = prevLogTerm;
  for (const entry of entries) {
    if (entry.epoch < epoch || entry.epoch > at)
      throw new Malformed("terms of entries out of order");
    epoch = entry.epoch;
    if (entry.kind !== "configuration") continue;
    const config = decodeConfig(entry.command);
    if (!config.voters.every((member) => isVoter(config, member)) || config.voters.length === 0) {
      throw new Malformed("a configuration without voters");
    }
  }
  return {
    type: "AppendEntries",
    term: at,
    prevLogIndex,
    prevLogTerm,
    entries,
    leaderCommit,
    round,
  };
}

function flag(r: Reader): boolean {
  const byte = r.u8();
  if (byte > 1) throw new Malformed("a flag is 0 or 1");
  return byte === 1;
}
