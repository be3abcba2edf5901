import {
  type Bytes,
  type Entry,
  entriesBytes,
  type GroupConfig,
  type LogIndex,
  logIndex,
  Malformed,
  type Position,
  Reader,
  readConfig,
  readEntries,
  Writer,
  writeConfig,
  writeEntries,
} from "../../core/index.ts";

/** What must survive a crash beside the log. */
export interface HardState {
  /** The highest epoch that this replica has seen: it refuses commands of a lower one. */
  readonly epoch: number;
  /** Written lazily: a restart replays up to it before anything is served. */
  readonly commitIndex: LogIndex;
  /** What was durable here was lost: it acknowledges nothing before a snapshot has made it whole. */
  readonly repairing: boolean;
}

/** What a replica puts into the journal. */
export type ChainRecord =
  | { readonly type: "HardState"; readonly hardState: HardState }
  /** The log is now: what it was up to `prev`, then these entries. */
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
const HEAD_BYTES = 19;
const TYPES = ["HardState", "Append", "Installed"] as const;

export const encodeHardState = (hardState: HardState): Bytes =>
  head(new Writer(HEAD_BYTES), 0, hardState).take();

export function encodeAppend(
  hardState: HardState,
  prev: Position,
  entries: readonly Entry[],
): Bytes {
  const w = head(new Writer(HEAD_BYTES + 16 + entriesBytes(entries)), 1, hardState);
  return writeEntries(w.uint(prev.index).uint(prev.epoch), entries).take();
}

export function encodeInstalled(hardState: HardState, at: Position, config: GroupConfig): Bytes {
  const w = head(new Writer(128), 2, hardState).uint(at.index).uint(at.epoch);
  return writeConfig(w, config).take();
}

/** Throws `Malformed`; a record that passed its checksum and does not decode is damage. */
export function decodeRecord(bytes: Bytes): ChainRecord {
  const r = new Reader(bytes);
  if (r.u8() !== VERSION) throw new Malformed("a record of another release");
  const type = TYPES[r.u8()];
  const hardState = {
    epoch: r.uint(),
    commitIndex: logIndex(r.uint()),
    repairing: r.u8() === 1,
  };
  if (type === undefined) throw new Malformed("no such record of chain replication");
  if (type === "HardState") return { type, hardState };
  const position = { index: logIndex(r.uint()), epoch: r.uint() };
  if (type === "Installed") return { type, hardState, at: position, config: readConfig(r) };
  return { type, hardState, prev: position, entries: readEntries(r, position.index) };
}

const head = (w: Writer, type: number, { epoch, commitIndex, repairing }: HardState): Writer =>
  w.u8(VERSION).u8(type).uint(epoch).uint(commitIndex).u8(Number(repairing));
