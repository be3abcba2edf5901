import { Malformed, Reader, Writer } from "./bytes.ts";
import { readConfig, writeConfig } from "./config-codec.ts";
import { entriesBytes, readEntries, writeEntries } from "./entry-codec.ts";
import { type Bytes, logIndex } from "./ids.ts";
import type { Entry, GroupConfig, Position } from "./seam.ts";

/** What a replica of a protocol whose log is cut and appended to puts into the journal. `H`: what must survive a crash beside the log. */
export type LogRecord<H> =
  | { readonly type: "HardState"; readonly hardState: H }
  /** The log is now: what it was up to `prev`, then these entries. Says both append and truncation. */
  | {
      readonly type: "Append";
      readonly hardState: H;
      readonly prev: Position;
      readonly entries: readonly Entry[];
    }
  /** The machine was replaced by a snapshot at this position; the log before it is void. */
  | {
      readonly type: "Installed";
      readonly hardState: H;
      readonly at: Position;
      readonly config: GroupConfig;
    };

/** The hard state is part of every record, so that a crash cannot tear it from the entries it goes with (card 21, first trap). */
export interface HardStateCodec<H> {
  /** How errors call the protocol. */
  readonly name: string;
  /** The most that `write` needs. */
  readonly bytesMax: number;
  readonly write: (writer: Writer, hardState: H) => Writer;
  readonly read: (reader: Reader) => H;
}

export interface LogRecordCodec<H> {
  readonly encodeHardState: (hardState: H) => Bytes;
  readonly encodeAppend: (hardState: H, prev: Position, entries: readonly Entry[]) => Bytes;
  readonly encodeInstalled: (hardState: H, at: Position, config: GroupConfig) => Bytes;
  /** Throws `Malformed`; a record that passed its checksum and does not decode is damage. */
  readonly decodeRecord: (bytes: Bytes) => LogRecord<H>;
}

const VERSION = 1;
const TYPES = ["HardState", "Append", "Installed"] as const;
/** Version and type. */
const HEAD_BYTES = 2;
const POSITION_BYTES = 16;
const CONFIG_BYTES = 100;

/** Layout: u8 version, u8 type, the hard state; then for `Append` and `Installed` index and epoch, and the entries or the configuration. */
export function logRecords<H>({
  name,
  bytesMax,
  write,
  read,
}: HardStateCodec<H>): LogRecordCodec<H> {
  const begin = (type: number, hardState: H, moreBytes: number): Writer =>
    write(new Writer(HEAD_BYTES + bytesMax + moreBytes).u8(VERSION).u8(type), hardState);
  return {
    encodeHardState: (hardState) => begin(0, hardState, 0).take(),
    encodeAppend(hardState, prev, entries) {
      const writer = begin(1, hardState, POSITION_BYTES + entriesBytes(entries));
      return writeEntries(writer.uint(prev.index).uint(prev.epoch), entries).take();
    },
    encodeInstalled(hardState, at, config) {
      const writer = begin(2, hardState, POSITION_BYTES + CONFIG_BYTES);
      return writeConfig(writer.uint(at.index).uint(at.epoch), config).take();
    },
    decodeRecord(bytes) {
      const reader = new Reader(bytes);
      if (reader.u8() !== VERSION) throw new Malformed(`a record of another release of ${name}`);
      const type = TYPES[reader.u8()];
      if (type === undefined) throw new Malformed(`no such record of ${name}`);
      const hardState = read(reader);
      if (type === "HardState") return { type, hardState };
      const position = { index: logIndex(reader.uint()), epoch: reader.uint() };
      if (type === "Installed")
        return { type, hardState, at: position, config: readConfig(reader) };
      return { type, hardState, prev: position, entries: readEntries(reader, position.index) };
    },
  };
}
