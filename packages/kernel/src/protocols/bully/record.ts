import { type Bytes, Malformed, Reader, type Recovered, Writer } from "../../core/index.ts";

const VERSION = 1;

/** All that must survive a crash: the highest epoch heard of. */
export function encodeRecord(epoch: number): Bytes {
  return new Writer().u8(VERSION).uint(epoch).take();
}

/** The newest epoch of these records, 0 if there is none. What passed its checksum and does not decode is damage. */
export function lastEpoch({ checkpoint, records }: Recovered): number {
  const meta = checkpoint?.meta ?? null;
  let epoch = meta === null ? 0 : decodeRecord(meta);
  for (const record of records) epoch = Math.max(epoch, decodeRecord(record));
  return epoch;
}

function decodeRecord(bytes: Bytes): number {
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw new Malformed("a record of another release");
  const epoch = reader.uint();
  reader.end();
  return epoch;
}
