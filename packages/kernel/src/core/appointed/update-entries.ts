import { Malformed, type Reader } from "../bytes.ts";
import { readEntries } from "../entry-codec.ts";
import type { Entry, Position } from "../seam.ts";

/**
 * The entries of an update behind `prev`. What the step relies on is checked here, where it can still be refused: epochs in order, no
 * change of members.
 */
export function readUpdateEntries(r: Reader, prev: Position, epoch: number): readonly Entry[] {
  const entries = readEntries(r, prev.index);
  let before = prev.epoch;
  for (const entry of entries) {
    if (entry.epoch < before || entry.epoch > epoch)
      throw new Malformed("epochs of entries out of order");
    if (entry.kind === "configuration") throw new Malformed("an update changes no members");
    before = entry.epoch;
  }
  return entries;
}

export function readFlag(r: Reader): boolean {
  const byte = r.u8();
  if (byte > 1) throw new Malformed(`${byte} is neither yes nor no`);
  return byte === 1;
}
