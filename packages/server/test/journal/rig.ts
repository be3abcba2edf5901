import { clusterId, groupId, type JournalSeq, journalSeq, nodeId } from "@quorate/kernel/core";
import type { Space } from "@quorate/kernel/replica";
import { silentLog } from "../../src/host/index.ts";
import { Journal, type RecoveredJournal, recoverJournal } from "../../src/journal/index.ts";
import type { MemoryFiles } from "./memory-files.ts";

export const identity = { cluster: clusterId(7n), node: nodeId(11n) };
export const directory = "/data/journal";

/** What a journal told its owner, with promises for the next thing it tells. */
export class Heard {
  readonly durable: JournalSeq[] = [];
  readonly spaces: Space[] = [];
  failed: string | null = null;
  #waiting: { readonly until: () => boolean; readonly go: () => void }[] = [];

  readonly listener = {
    onDurable: (upTo: JournalSeq) => this.#hear(() => this.durable.push(upTo)),
    onFailed: (reason: string) =>
      this.#hear(() => {
        this.failed = reason;
      }),
    onSpace: (space: Space) => this.#hear(() => this.spaces.push(space)),
  };

  get upTo(): number {
    return this.durable.at(-1) ?? 0;
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ until: condition, go }));
  }

  #hear(note: () => void): void {
    note();
    for (const { until, go } of this.#waiting) if (until()) go();
  }
}

export interface Rig {
  readonly journal: Journal;
  readonly heard: Heard;
  readonly found: RecoveredJournal;
}

export async function openJournal(
  files: MemoryFiles,
  sizes: { readonly segmentBytes?: number; readonly freeBytesMin?: number } = {},
): Promise<Rig> {
  const heard = new Heard();
  const found = await recoverJournal(files, directory, identity, []);
  const { segmentBytes = 2048, freeBytesMin = 0 } = sizes;
  const options = { files, directory, identity, log: silentLog, segmentBytes, freeBytesMin };
  return { journal: await Journal.open(options, found, heard.listener), heard, found };
}

interface JournalRecordShape {
  readonly seq: number;
  readonly group: number;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** The bytes of the record with this sequence: recognisable, of various lengths. */
export const bodyOf = (seq: number, length = (seq * 37) % 200): Uint8Array =>
  new Uint8Array(length).map((_, i) => seq + i);

export function append(journal: Journal, seq: number, length?: number): void {
  const body = bodyOf(seq, length);
  const cut = body.length >> 1;
  journal.append(journalSeq(seq), groupId(seq % 3), 5, [body.subarray(0, cut), body.subarray(cut)]);
}

export function expectedRecord(seq: number, length?: number): JournalRecordShape {
  return { seq, group: seq % 3, kind: 5, bytes: bodyOf(seq, length) };
}
