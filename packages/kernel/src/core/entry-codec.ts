import { Malformed, type Reader, type Writer } from "./bytes.ts";
import { type LogIndex, logIndex } from "./ids.ts";
import type { Entry, EntryKind } from "./seam.ts";

/** The place of a kind in this list is its byte on wire and disk: append only. */
const KINDS: readonly EntryKind[] = ["noop", "command", "configuration"];
/** What an entry takes beside its command. */
const HEAD_BYTES = 13;

/** Entries follow each other from prev + 1, so their indexes are not written. */
export function writeEntries(writer: Writer, entries: readonly Entry[]): Writer {
  writer.u32(entries.length);
  for (const entry of entries) {
    writer.uint(entry.epoch).u8(KINDS.indexOf(entry.kind)).bytes(entry.command);
  }
  return writer;
}

export function readEntries(reader: Reader, after: LogIndex): readonly Entry[] {
  const count = reader.u32();
  if (after + count > Number.MAX_SAFE_INTEGER) throw new Malformed("indexes beyond all numbers");
  // An entry takes 13 bytes at least: a count that lies is found before anything is allocated for it.
  if (count * HEAD_BYTES > reader.left)
    throw new Malformed(`${count} entries in ${reader.left} bytes`);
  const entries: Entry[] = [];
  for (let i = 1; i <= count; i++) {
    const epoch = reader.uint();
    const kind = KINDS[reader.u8()];
    if (kind === undefined) throw new Malformed("no such entry kind");
    entries.push({ index: logIndex(after + i), epoch, kind, command: reader.bytes() });
  }
  return entries;
}

export const entriesBytes = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + HEAD_BYTES + entry.command.length, 4);
