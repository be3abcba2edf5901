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
import { type Epoch, epoch } from "./message.ts";

/** Both epochs in one record, written at once: two could be torn apart by a crash. */
export interface HardState {
  /** The newest epoch that was promised: nothing of an earlier one is acknowledged any more. */
  readonly acceptedEpoch: Epoch;
  /** To whom, so that a lost promise can be said again to the same leader and to no other. */
  readonly acceptedFrom: NodeId | null;
  /** The epoch whose NEWLEADER was acknowledged last. */
  readonly currentEpoch: Epoch;
  readonly commitIndex: LogIndex;
  /** What was durable here was lost: this replica counts nowhere. */
  readonly repairing: boolean;
}

/** What a ZAB replica puts into the journal. */
export type ZabRecord =
  | { readonly type: "HardState"; readonly hardState: HardState }
  /** The history is now: what it was up to `prev`, then these entries. Says both append and TRUNC. */
  | {
      readonly type: "Append";
      readonly hardState: HardState;
      readonly prev: Position;
      readonly entries: readonly Entry[];
    }
  /** The machine was replaced by a snapshot at this position; the history before it is void. */
  | {
      readonly type: "Installed";
      readonly hardState: HardState;
      readonly at: Position;
      readonly config: GroupConfig;
    };

const VERSION = 1;
/** What every record begins with. */
const HEAD_BYTES = 35;
const ACCEPTED = 1;
const REPAIRING = 2;
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
export function decodeRecord(bytes: Bytes): ZabRecord {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new Malformed("a ZAB record of another release");
  const type = TYPES[reader.u8()];
  const hardState = readHardState(reader);
  if (type === undefined) throw new Malformed("no such ZAB record");
  if (type === "HardState") return { type, hardState };
  const position = { index: logIndex(reader.uint()), epoch: reader.uint() };
  if (type === "Installed") return { type, hardState, at: position, config: readConfig(reader) };
  return { type, hardState, prev: position, entries: readEntries(reader, position.index) };
}

function head(writer: Writer, type: number, hardState: HardState): Writer {
  const { acceptedEpoch, acceptedFrom, currentEpoch, commitIndex, repairing } = hardState;
  const flags = (acceptedFrom === null ? 0 : ACCEPTED) | (repairing ? REPAIRING : 0);
  writer
    .u8(VERSION)
    .u8(type)
    .u8(flags)
    .uint(acceptedEpoch)
    .u64(acceptedFrom ?? 0n);
  return writer.uint(currentEpoch).uint(commitIndex);
}

function readHardState(reader: Reader): HardState {
  const flags = reader.u8();
  const acceptedEpoch = epoch(reader.uint());
  const from = readNodeId(reader);
  return {
    acceptedEpoch,
    acceptedFrom: (flags & ACCEPTED) === 0 ? null : from,
    currentEpoch: epoch(reader.uint()),
    commitIndex: logIndex(reader.uint()),
    repairing: (flags & REPAIRING) !== 0,
  };
}
