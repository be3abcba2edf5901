import {
  type Accepted,
  type Ballot,
  type Bytes,
  type Entry,
  entriesBytes,
  type GroupConfig,
  logIndex,
  Malformed,
  type Position,
  Reader,
  readBallot,
  readConfig,
  Writer,
  writeConfig,
  writeEntries,
} from "../../core/index.ts";
import { acceptedBytes, readAccepted, readChosen, writeAccepted } from "./codec.ts";
import type { Slot } from "./message.ts";

/** What every record tells, so that none of it can be torn from the rest by a crash. */
export interface HardState {
  readonly promised: Ballot;
  /** Written lazily, with the next record: what was accepted up to here, last, is what was chosen. */
  readonly decided: Slot;
  /** What was durable here was lost. Until it is whole again this replica promises and accepts nothing that counts. */
  readonly repairing: boolean;
  /** It has not heard a leader since, and may have promised any ballot. */
  readonly blind: boolean;
}

/** What a Multi-Paxos replica puts into the journal. */
export type PaxosRecord =
  | { readonly type: "HardState"; readonly hardState: HardState }
  /** Accepted under this ballot, in consecutive slots; those up to `decided` are chosen. */
  | {
      readonly type: "Entries";
      readonly hardState: HardState;
      readonly ballot: Ballot;
      readonly slot: Slot;
      readonly entries: readonly Entry[];
    }
  /** The machine was replaced by a snapshot at this position; the log before it is void. */
  | {
      readonly type: "Installed";
      readonly hardState: HardState;
      readonly at: Position;
      readonly config: GroupConfig;
    }
  /** Of a checkpoint: all that is accepted and not known to be chosen, whose records an installed snapshot leaves behind. */
  | {
      readonly type: "Meta";
      readonly hardState: HardState;
      readonly accepted: readonly Accepted<Entry>[];
    };

const VERSION = 1;
/** What every record begins with. */
const HEAD_BYTES = 19;
const REPAIRING = 1;
const BLIND = 2;
const TYPES = ["HardState", "Entries", "Installed", "Meta"] as const;

export const encodeHardState = (hardState: HardState): Bytes =>
  head(new Writer(HEAD_BYTES), "HardState", hardState).take();

export function encodeEntries(
  hardState: HardState,
  ballot: Ballot,
  slot: Slot,
  entries: readonly Entry[],
): Bytes {
  const writer = new Writer(HEAD_BYTES + 16 + entriesBytes(entries));
  head(writer, "Entries", hardState).uint(ballot).uint(slot);
  return writeEntries(writer, entries).take();
}

export function encodeInstalled(hardState: HardState, at: Position, config: GroupConfig): Bytes {
  const writer = head(new Writer(128), "Installed", hardState).uint(at.index).uint(at.epoch);
  return writeConfig(writer, config).take();
}

export function encodeMeta(hardState: HardState, accepted: readonly Accepted<Entry>[]): Bytes {
  const writer = head(new Writer(HEAD_BYTES + acceptedBytes(accepted)), "Meta", hardState);
  return writeAccepted(writer, accepted).take();
}

/** Throws `Malformed`; a record that passed its checksum and does not decode is damage. */
export function decodeRecord(bytes: Bytes): PaxosRecord {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new Malformed("a Paxos record of another release");
  const type = TYPES[reader.u8()];
  const hardState = readHardState(reader);
  switch (type) {
    case "HardState":
      return { type, hardState };
    case "Entries": {
      const [ballot, slot] = [readBallot(reader), logIndex(reader.uint())];
      if (slot === 0) throw new Malformed("slots are counted from 1");
      return { type, hardState, ballot, slot, entries: readChosen(reader, slot) };
    }
    case "Installed": {
      const at = { index: logIndex(reader.uint()), epoch: reader.uint() };
      return { type, hardState, at, config: readConfig(reader) };
    }
    case "Meta":
      return { type, hardState, accepted: readAccepted(reader) };
    default:
      throw new Malformed("no such Paxos record");
  }
}

function head(
  writer: Writer,
  type: (typeof TYPES)[number],
  { promised, decided, repairing, blind }: HardState,
): Writer {
  const flags = (repairing ? REPAIRING : 0) | (blind ? BLIND : 0);
  return writer.u8(VERSION).u8(TYPES.indexOf(type)).uint(promised).u8(flags).uint(decided);
}

function readHardState(reader: Reader): HardState {
  const promised = readBallot(reader);
  const flags = reader.u8();
  return {
    promised,
    decided: logIndex(reader.uint()),
    repairing: (flags & REPAIRING) !== 0,
    blind: (flags & BLIND) !== 0,
  };
}
