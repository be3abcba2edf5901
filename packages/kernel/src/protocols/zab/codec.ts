import {
  type Bytes,
  decoded,
  entriesBytes,
  type LogIndex,
  logIndex,
  Malformed,
  type Position,
  Reader,
  readEntries,
  readNodeId,
  unreachable,
  Writer,
  writeEntries,
} from "../../core/index.ts";
import {
  type Credentials,
  type Epoch,
  epoch,
  type Notification,
  type Proposal,
  type ZabMessage,
} from "./message.ts";

/** The place of a type in this list is its byte on the wire: append only. */
const TYPES = [
  "Notification",
  "FollowerInfo",
  "NewEpoch",
  "AckEpoch",
  "Truncate",
  "Proposal",
  "Acknowledgement",
  "HistoryEnd",
  "NewLeader",
  "AckNewLeader",
  "UpToDate",
  "Commit",
  "CommitReceived",
  "Ping",
  "Pong",
  "Sync",
  "SyncReply",
  "Appoint",
] as const satisfies readonly ZabMessage["type"][];
type Type = (typeof TYPES)[number];

/** The bytes of each type, entries aside: a buffer that fits exactly is handed over as it is. */
const SIZES: Readonly<Record<Type, number>> = {
  Notification: 42,
  FollowerInfo: 17,
  NewEpoch: 17,
  AckEpoch: 34,
  Truncate: 41,
  Proposal: 25,
  Acknowledgement: 17,
  HistoryEnd: 25,
  NewLeader: 25,
  AckNewLeader: 25,
  UpToDate: 17,
  Commit: 17,
  CommitReceived: 17,
  Ping: 25,
  Pong: 18,
  Sync: 17,
  SyncReply: 25,
  Appoint: 17,
};

const STANDINGS = ["looking", "following", "leading"] as const;
const STANDING_BITS = 3;
const CANDIDATE = 4;
const VOTE = 8;
const RELUCTANT = 16;

/** Does this message, should it be one, hold entries? Only then does anything keep its bytes. */
export const holdsEntries = (bytes: Bytes): boolean => TYPES[bytes[0] ?? -1] === "Proposal";

/** Field by field, so that two releases and two engines write the same bytes. */
export function encodeMessage(m: ZabMessage): Bytes {
  const size = SIZES[m.type] + (m.type === "Proposal" ? entriesBytes(m.entries) : 0);
  return writeBody(new Writer(size).u8(TYPES.indexOf(m.type)), m).take();
}

function writeBody(w: Writer, m: ZabMessage): Writer {
  if (m.type === "Notification") return writeNotification(w, m);
  if (m.type === "FollowerInfo") return w.uint(m.acceptedEpoch).uint(m.repairMark);
  w.uint(m.epoch);
  switch (m.type) {
    case "NewEpoch":
      return w.uint(m.chosenAfter);
    case "AckEpoch":
      return writeCredentials(w, m).u8(Number(m.counts));
    case "Truncate":
      return writePosition(writePosition(w, m.from), m.to);
    case "Proposal":
      return writeEntries(writePosition(w, m.prev), m.entries);
    case "HistoryEnd":
    case "NewLeader":
      return writePosition(w, m.last);
    case "AckNewLeader":
      return w.uint(m.upTo).uint(m.repairMark);
    case "UpToDate":
      return w.uint(m.commit);
    case "Acknowledgement":
    case "Commit":
    case "CommitReceived":
      return w.uint(m.upTo);
    case "Ping":
      return w.uint(m.round).uint(m.commit);
    case "Pong":
      return w.uint(m.round).u8(Number(m.upToDate));
    case "Sync":
      return w.uint(m.question);
    case "SyncReply":
      return w.uint(m.question).uint(m.upTo);
    case "Appoint":
      return w.u64(m.leader);
    default:
      return unreachable(m);
  }
}

/** A message, or why these bytes are none. Entries are slices of the given bytes, which must not be reused. */
export const decodeMessage = (bytes: Bytes): ZabMessage | Malformed =>
  decoded(() => read(new Reader(bytes)));

function read(r: Reader): ZabMessage {
  const type = TYPES[r.u8()];
  const message = readBody(type, r);
  r.end();
  return message;
}

function readBody(type: Type | undefined, r: Reader): ZabMessage {
  switch (type) {
    case "Notification":
      return readNotification(r);
    case "FollowerInfo":
      return { type, acceptedEpoch: epochIn(r), repairMark: r.uint() };
    case "NewEpoch":
      return { type, epoch: epochIn(r), chosenAfter: r.uint() };
    case "AckEpoch":
      return { type, epoch: epochIn(r), ...credentialsIn(r), counts: flag(r) };
    case "Truncate":
      return { type, epoch: epochIn(r), from: positionIn(r), to: positionIn(r) };
    case "Proposal":
      return readProposal(r);
    case "HistoryEnd":
    case "NewLeader":
      return { type, epoch: epochIn(r), last: positionIn(r) };
    case "AckNewLeader":
      return { type, epoch: epochIn(r), upTo: indexIn(r), repairMark: r.uint() };
    case "UpToDate":
      return { type, epoch: epochIn(r), commit: indexIn(r) };
    case "Acknowledgement":
    case "Commit":
    case "CommitReceived":
      return { type, epoch: epochIn(r), upTo: indexIn(r) };
    case "Ping":
      return { type, epoch: epochIn(r), round: r.uint(), commit: indexIn(r) };
    case "Pong":
      return { type, epoch: epochIn(r), round: r.uint(), upToDate: flag(r) };
    case "Sync":
      return { type, epoch: epochIn(r), question: r.uint() };
    case "SyncReply":
      return { type, epoch: epochIn(r), question: r.uint(), upTo: indexIn(r) };
    case "Appoint":
      return { type, epoch: epochIn(r), leader: readNodeId(r) };
    case undefined:
      throw new Malformed("no such ZAB message");
  }
}

/** Fields that are null are written as zeros. */
function writeNotification(w: Writer, m: Notification): Writer {
  const flags =
    STANDINGS.indexOf(m.standing) |
    (m.candidate === null ? 0 : CANDIDATE) |
    (m.candidate?.reluctant ? RELUCTANT : 0) |
    (m.vote === null ? 0 : VOTE);
  w.u8(flags)
    .uint(m.acceptedEpoch)
    .u64(m.vote ?? 0n);
  return writeCredentials(w, m.candidate ?? NOBODY);
}

const NOBODY: Credentials = {
  currentEpoch: 0 as Epoch,
  last: { epoch: 0, index: 0 as LogIndex },
};

function readNotification(r: Reader): Notification {
  const flags = r.u8();
  const standing = STANDINGS[flags & STANDING_BITS];
  if (standing === undefined || flags > (STANDING_BITS | CANDIDATE | VOTE | RELUCTANT))
    throw new Malformed("no such notification");
  const [acceptedEpoch, vote, credentials] = [epochIn(r), readNodeId(r), credentialsIn(r)];
  const candidate = { ...credentials, reluctant: (flags & RELUCTANT) !== 0 };
  return {
    type: "Notification",
    standing,
    acceptedEpoch,
    candidate: (flags & CANDIDATE) === 0 ? null : candidate,
    vote: (flags & VOTE) === 0 ? null : vote,
  };
}

/** What the step relies on is checked here, where it can still be refused: epochs in order, no change of members. */
function readProposal(r: Reader): Proposal {
  const at = epochIn(r);
  const prev = positionIn(r);
  const entries = readEntries(r, prev.index);
  let before = prev.epoch;
  for (const entry of entries) {
    if (entry.epoch < before || entry.epoch > at)
      throw new Malformed("epochs of proposals out of order");
    if (entry.kind === "configuration") throw new Malformed("members of a ZAB group are fixed");
    before = entry.epoch;
  }
  return { type: "Proposal", epoch: at, prev, entries };
}

const epochIn = (r: Reader): Epoch => epoch(r.uint());
const indexIn = (r: Reader): LogIndex => logIndex(r.uint());
const positionIn = (r: Reader): Position => ({ epoch: r.uint(), index: indexIn(r) });
const credentialsIn = (r: Reader): Credentials => ({
  currentEpoch: epochIn(r),
  last: positionIn(r),
});
const writePosition = (w: Writer, { epoch: at, index }: Position): Writer => w.uint(at).uint(index);
const writeCredentials = (w: Writer, { currentEpoch, last }: Credentials): Writer =>
  writePosition(w.uint(currentEpoch), last);

function flag(r: Reader): boolean {
  const byte = r.u8();
  if (byte > 1) throw new Malformed("a flag is 0 or 1");
  return byte === 1;
}
