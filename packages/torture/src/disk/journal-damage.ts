import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A segment's header, which is checked by itself. */
const HEADER_BYTES = 48;
/** With less in it a segment has hardly begun. */
const WRITTEN_BYTES_MIN = 64 * 1024;
/** Where in what was written, of so many. */
export const PLACES = 1 << 20;

/**
 * Flips a bit in the journal of a member that is down, at `place` of the first half of what its oldest segment holds. The second half
 * proves that the first was durable: without that, damage could not be told from a torn write. Answers where, or null where no
 * segment holds enough.
 */
export function damageJournal(dataDir: string, place: number): string | null {
  const journal = join(dataDir, "journal");
  const [oldest] = readdirSync(journal)
    .filter((name) => name.endsWith(".seg"))
    .sort();
  if (oldest === undefined) return null;
  const path = join(journal, oldest);
  const bytes = readFileSync(path);
  const written = writtenOf(bytes);
  if (written < WRITTEN_BYTES_MIN) return null;
  const at = HEADER_BYTES + Math.floor(((written / 2 - HEADER_BYTES) * place) / PLACES);
  const file = openSync(path, "r+");
  try {
    writeSync(file, Buffer.of((bytes[at] ?? 0) ^ (1 << (place & 7))), 0, 1, at);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  return `byte ${at} of ${written} in ${oldest}`;
}

/** Segments are laid out ahead, in zeros. */
function writtenOf(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
