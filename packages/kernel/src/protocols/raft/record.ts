import {
  type Bytes,
  type Entry,
  entriesBytes,
  type GroupConfig,
  type LogIndex,
  logIndex,
  Malformed,
  type NodeId,
  type Position,
  Reader,
  readConfig,
  readEntries,
  readNodeId,
  Writer,
  writeConfig,
  writeEntries,
} from "../../core/index.ts";
import { type Term, term } from "./message.ts";

/** Term and vote are one record, written at once: two could be torn apart by a crash (card 21, first trap). */
export interface HardState {
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly commitIndex: LogIndex;
  /** What was durable here was lost. Until the log is whole again this replica takes no part in elections. */
  readonly repairing: boolean;
  /** It has not heard a leader since, and may have voted in any term. */
  readonly blind: boolean;
}

/** What a Raft replica puts into the journal. */
export type RaftRecord =
  | { readonly type: "HardState"; readonly hardState: HardState }
  /** The log is now: what it was up to `prev`, then these entries. Says both append and truncation. */
  | {
      readonly type: "Append";
      readonly hardState: HardState;
      readonly prev: Position;
      readonly entries: readonly Entry[];
    }
  /** The machine was replaced by a snapshot at this position; the log before it is void. */
  | {
      readonly type: "Installed";
      readonly hardState: HardState;
      readonly at: Position;
      readonly config: GroupConfig;
    };

const VERSION = 1;
/** What every record begins with. */
const HEAD_BYTES = 27;
const VOTED = 1;
const REPAIRING = 2;
const BLIND = 4;
const TYPES = ["HardState", "Append", "Installed"] as const;

export function encodeHardState(hardState: HardState): Bytes {
  return head(new Writer(HEAD_BYTES), 0, hardState).take();
}

export function encodeAppend(
  hardState: HardState,
  prev: Position,
  entries: readonly Entry[],
): Bytes {
  const writer = head(new Writer(HEAD_BYTES + 16 + entriesBytes(entries)), 1, hardState);
  return writeEntries(writer.uint(prev.index).uint(prev.epoch), entries).take();
}

export function encodeInstalled(hardState: HardState, at: Position, config: GroupConfig): Bytes {
  const writer = head(new Writer(128), 2, hardState).uint(at.index).uint(at.epoch);
  return writeConfig(writer, config).take();
}

/** Throws `Malformed`; a record that passed its checksum and does not decode is damage. */
export function decodeRecord(bytes: Bytes): RaftRecord {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new Malformed("a Raft record of another release");
  const type = TYPES[reader.u8()];
  const hardState = readHardState(reader);
  if (type === undefined) throw new Malformed("no such Raft record");
  if (type === "HardState") return { type, hardState };
  const position = { index: logIndex(reader.uint()), epoch: reader.uint() };
  if (type === "Installed") return { type, hardState, at: position, config: readConfig(reader) };
  return { type, hardState, prev: position, entries: readEntries(reader, position.index) };
}

function head(
  writer: Writer,
  type: number,
  { term: at, votedFor, commitIndex, repairing, blind }: HardState,
): Writer {
  const flags = (votedFor === null ? 0 : VOTED) | (repairing ? REPAIRING : 0) | (blind ? BLIND : 0);
  writer.u8(VERSION).u8(type).uint(at).u8(flags);
  return writer.u64(votedFor ?? 0n).uint(commitIndex);
}

function readHardState(reader: Reader): HardState {
  const at = term(reader.uint());
  const flags = reader.u8();
  const id = readNodeId(reader);
  return {
    term: at,
    votedFor: (flags & VOTED) === 0 ? null : id,
    commitIndex: logIndex(reader.uint()),
    repairing: (flags & REPAIRING) !== 0,
    blind: (flags & BLIND) !== 0,
  };
}
