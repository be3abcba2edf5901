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
    const out = new Parts();
    const writer = new CheckpointWriter(header, out);
    let at = 0;
    for (let cursor: bigint | null = 0n; cursor !== null; ) {
      cursor = dumpSlice(from, cursor, writer, out);
      if (cursor === null) writer.finish(from.hash);
      const { parts, length } = out.take();
      if (length > 0) await open.write(parts, at);
      at += length;
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
  out: Parts,
): bigint | null {
  const ends = performance.now() + SLICE_MILLIS_MAX;
  let next: bigint | null = cursor;
  do {
    next = from.dump(next, DUMP_BYTES, writer);
  } while (next !== null && out.length < SLICE_BYTES_MAX && performance.now() < ends);
  return next;
}

class Parts implements Sink {
  #parts: Bytes[] = [];
  length = 0;

  put(part: Bytes): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  take(): { readonly parts: readonly Bytes[]; readonly length: number } {
    const taken = { parts: this.#parts, length: this.length };
    this.#parts = [];
    this.length = 0;
    return taken;
  }
}
