import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterId, groupId, journalSeq, nodeId } from "@quorate/kernel/core";
import { silentLog } from "@quorate/server";
import {
  type Files,
  FREE_BYTES_MIN,
  Journal,
  type JournalOptions,
  nodeFiles,
  recoverJournal,
  SEGMENT_BYTES,
} from "../packages/server/src/journal/index.ts";
import { figure, type Reading } from "./figures.ts";
import { atTheEnd } from "./leftovers.ts";
import type { RowOptions, RowResult } from "./row.ts";

/** A put of 256 bytes with what raft and the command have around it. */
const RECORD_BYTES = 340;
const WAITING = [1, 100, 1000] as const;
const BURST_MILLIS = 200;
const SPARES_WANTED = 3;
const SPARES_MILLIS_MAX = 60_000;
const ZEROS = new Uint8Array(4 * 1024 * 1024);

interface Committed {
  readonly records: number;
  /** Bytes of each write that was synced. */
  readonly batches: readonly number[];
  readonly seconds: number;
  readonly cpuMicros: number;
}

/**
 * Group commit of the journal, with so many records waiting for their sync at a time, against a loop that writes batches of the
 * same sizes to a file that is allocated already and syncs each, and does nothing else. They take turns after a fraction of a
 * second, because what a sync costs changes from one second to the next.
 */
export async function journal({ quick }: RowOptions): Promise<RowResult> {
  const rounds = quick ? 3 : 25;
  const folder = mkdtempSync(join(tmpdir(), "bench-journal-"));
  const forget = atTheEnd(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const taken = [];
    for (const waiting of WAITING) {
      const load = await GroupCommit.open(join(folder, String(waiting)), waiting);
      const bare = new BareLoop(join(folder, "bare"));
      const ours: Committed[] = [];
      const theirs: Committed[] = [];
      try {
        for (let round = 0; round < rounds; round++) {
          const own = await load.burst(BURST_MILLIS);
          ours.push(own);
          theirs.push(bare.burst(own));
        }
      } finally {
        await load.close();
        bare.close();
      }
      process.stderr.write(`  ${waiting} waiting: ${rounds} rounds\n`);
      taken.push({ waiting, ours, theirs });
    }
    const figures = taken.map(({ waiting, ours, theirs }) =>
      figure({
        what: `Journal, ${waiting} records of ${RECORD_BYTES} B waiting`,
        unit: "/s",
        quorate: ours.map(readingOf),
        beside: theirs.map(readingOf),
        besideIs: "bare loop",
        target: { ratioMin: 0.8 },
      }),
    );
    const text = taken.map(({ waiting, ours }) => {
      const records = total(ours, (one) => one.records);
      const batches = total(ours, (one) => one.batches.length);
      return `${waiting} waiting: ${(records / batches).toFixed(1)} records a batch`;
    });
    const data = taken.map(({ waiting, ours, theirs }) => ({
      waiting,
      ours: ours.map(readingOf),
      bare: theirs.map(readingOf),
    }));
    return { figures, text: text.join("\n"), data };
  } finally {
    forget();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A journal of its own, and what keeps it busy as a server does: records come in turns of the event loop. */
class GroupCommit {
  readonly #journal: Journal;
  readonly #waiting: number;
  readonly #batches: number[];
  readonly #record = [new Uint8Array(RECORD_BYTES).fill(7)];
  #appended = 0;
  #durable = 0;
  #until = 0;
  #over: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  private constructor(opened: Journal, waiting: number, batches: number[]) {
    this.#journal = opened;
    this.#waiting = waiting;
    this.#batches = batches;
  }

  static async open(directory: string, waiting: number): Promise<GroupCommit> {
    const identity = { cluster: clusterId(1n), node: nodeId(1n) };
    const batches: number[] = [];
    const files = recording(batches);
    await files.makeDirectory(directory);
    const options: JournalOptions = {
      files,
      directory,
      identity,
      log: silentLog,
      segmentBytes: SEGMENT_BYTES,
      freeBytesMin: FREE_BYTES_MIN,
    };
    const recovered = await recoverJournal(files, directory, identity, []);
    let load: GroupCommit | null = null;
    const opened = await Journal.open(options, recovered, {
      onDurable: (upTo) => load?.onDurable(upTo),
      onFailed: (reason) => load?.onFailed(reason),
      onSpace() {},
    });
    load = new GroupCommit(opened, waiting, batches);
    return load;
  }

  async burst(millis: number): Promise<Committed> {
    await allocated(this.#journal);
    const before = this.#appended;
    this.#batches.length = 0;
    const over = new Promise<void>((resolve, reject) => {
      this.#over = resolve;
      this.#failed = reject;
    });
    const [cpu, since] = [process.cpuUsage(), performance.now()];
    this.#until = since + millis;
    this.#turn();
    setImmediate(this.#turn);
    await over;
    const seconds = (performance.now() - since) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const records = this.#appended - before;
    const cpuMicros = (user + system) / records;
    return { records, batches: [...this.#batches], seconds, cpuMicros };
  }

  onDurable(upTo: number): void {
    this.#durable = upTo;
    setImmediate(this.#turn);
  }

  onFailed(reason: string): void {
    this.#failed(new Error(reason));
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  readonly #turn = (): void => {
    if (performance.now() >= this.#until) {
      if (this.#durable === this.#appended) this.#over();
      return;
    }
    // While one batch is written the next gathers.
    const room = 2 * this.#waiting - (this.#appended - this.#durable);
    for (let i = 0; i < Math.min(room, this.#waiting); i++)
      this.#journal.append(journalSeq(++this.#appended), groupId(1), 1, this.#record);
    this.#journal.flush();
  };
}

/** The journal allocates ahead when it is opened; that is no part of a commit. */
async function allocated(opened: Journal): Promise<void> {
  const until = performance.now() + SPARES_MILLIS_MAX;
  while ((opened.counters()["journal_spares"] ?? 0) < SPARES_WANTED) {
    if (performance.now() > until) throw new Error("the journal cannot allocate");
    await sleep(20);
  }
}

/** Notes the size of every write to a segment. What is allocated ahead goes to files that are made anew. */
function recording(batches: number[]): Files {
  const note = (parts: readonly Uint8Array[]): void => {
    batches.push(parts.reduce((sum, part) => sum + part.length, 0));
  };
  return {
    ...nodeFiles,
    async open(file, mode) {
      const opened = await nodeFiles.open(file, mode);
      if (mode === "create") return opened;
      return {
        write(parts, at) {
          note(parts);
          return opened.write(parts, at);
        },
        sync: () => opened.sync(),
        ...(opened.writeSynced !== undefined && {
          writeSynced(parts, at) {
            note(parts);
            return opened.writeSynced?.(parts, at) ?? Promise.resolve();
          },
        }),
        ...(opened.writeThrough !== undefined && {
          writeThrough(parts, at) {
            note(parts);
            opened.writeThrough?.(parts, at);
          },
        }),
        close: () => opened.close(),
      };
    },
  };
}

class BareLoop {
  readonly #file: string;
  readonly #fd: number;
  #at = 0;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, "w+");
    for (let at = 0; at < SEGMENT_BYTES; at += ZEROS.length)
      writeSync(this.#fd, ZEROS, 0, ZEROS.length, at);
    fdatasyncSync(this.#fd);
  }

  burst({ batches, records }: Committed): Committed {
    const bytes = new Uint8Array(Math.max(...batches)).fill(7);
    const [cpu, since] = [process.cpuUsage(), performance.now()];
    for (const length of batches) {
      if (this.#at + length > SEGMENT_BYTES) this.#at = 0;
      writeSync(this.#fd, bytes, 0, length, this.#at);
      fdatasyncSync(this.#fd);
      this.#at += length;
    }
    const seconds = (performance.now() - since) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { records, batches, seconds, cpuMicros: (user + system) / records };
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}

const readingOf = ({ records, seconds, cpuMicros }: Committed): Reading => ({
  value: records / seconds,
  cpuMicros,
});

const total = (taken: readonly Committed[], pick: (one: Committed) => number): number =>
  taken.reduce((sum, one) => sum + pick(one), 0);
