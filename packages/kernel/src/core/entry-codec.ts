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

/** Cut into parts of so many bytes at most, of one entry at least: no record outgrows what a frame may carry. None is one empty part. */
export function inParts(
  entries: readonly Entry[],
  bytesMax: number,
): readonly (readonly Entry[])[] {
  if (entriesBytes(entries) <= bytesMax) return [entries];
  const parts: (readonly Entry[])[] = [];
  let from = 0;
  let bytes = 0;
  entries.forEach(({ command }, i) => {
    bytes += command.length + HEAD_BYTES;
    if (bytes <= bytesMax || i === from) return;
    parts.push(entries.slice(from, i));
    from = i;
    bytes = command.length + HEAD_BYTES;
  });
  return [...parts, entries.slice(from)];
}
