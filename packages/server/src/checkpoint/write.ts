import { setTimeout } from "node:timers/promises";
import {
  type Bytes,
  type CheckpointHeader,
  CheckpointWriter,
  type Sink,
} from "@quorate/kernel/core";
import type { Snapshot } from "@quorate/kernel/replica";
import type { Files } from "../journal/index.ts";

/** Work on a snapshot between two turns of the event loop; a write passes through several turns and may meet a slice in each. */
export const SLICE_MILLIS_MAX = 2;
/** Rest between slices, so that under load at least a third of the time is the clients'. */
const PAUSE_MILLIS = 1;
/** What is asked of a snapshot at a time: small enough that the clock is looked at often. */
const DUMP_BYTES = 64 * 1024;
/** What a slice may dump before it is written out: bounds the memory of a checkpoint under way. */
export const SLICE_BYTES_MAX = 1024 * 1024;

/**
 * Streams a snapshot into `file` and syncs it. Between slices the event loop runs, so nobody waits for a
 * checkpoint longer than for one slice. Rejects if the disk refuses; the file is then worthless.
 */
export async function writeCheckpoint(
  files: Files,
  file: string,
  header: CheckpointHeader,
  from: Snapshot,
): Promise<void> {
  const open = await files.open(file, "create");
  try {
    const out = new Slice();
    const writer = new CheckpointWriter(header, out);
    let at = 0;
    for (let cursor: bigint | null = 0n; cursor !== null; ) {
      cursor = dumpSlice(from, cursor, writer, out);
      if (cursor === null) writer.finish(from.hash);
      if (out.length > 0) await open.write([out.bytes()], at);
      at += out.length;
      out.reset();
      await setTimeout(PAUSE_MILLIS);
    }
    await open.sync();
  } finally {
    await open.close();
  }
}

function dumpSlice(
  from: Snapshot,
  cursor: bigint,
  writer: CheckpointWriter,
  out: Slice,
): bigint | null {
  const ends = performance.now() + SLICE_MILLIS_MAX;
  let next: bigint | null = cursor;
  do {
    next = from.dump(next, DUMP_BYTES, writer);
  } while (next !== null && out.length < SLICE_BYTES_MAX && performance.now() < ends);
  return next;
}

/** What a slice of work dumped, in one piece of memory that the next slice uses again. */
class Slice implements Sink {
  #bytes = new Uint8Array(0);
  length = 0;

  put(part: Bytes): void {
    const need = this.length + part.length;
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, 2 * this.#bytes.length));
      grown.set(this.bytes());
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.length);
    this.length = need;
  }

  /** Valid until `reset`. */
  bytes(): Bytes {
    return this.#bytes.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }
}
