import type { Space } from "@quorate/kernel/replica";
import { below, type Files } from "./files.ts";
import type { TailOptions } from "./tail.ts";

/**
 * Segments that are allocated before they are needed: one to roll into while all is well, and the two of the
 * reserve (contracts, Data directory). With them a full disk is learned from allocating ahead, where it harms
 * nobody, and not from writing a record.
 */
export const SPARES = 3;
/** How long after a failure to allocate it is tried again; segments that are deleted bring it forward. */
export const ALLOCATE_AGAIN_MILLIS = 1000;

/**
 * Zeros per write and sync while allocating: a spare is made in small steps, because a journal's sync can wait for
 * what else the file system has to write.
 */
const STEP_BYTES = 4 * 1024 * 1024;
const ZEROS = new Uint8Array(STEP_BYTES);

/**
 * Keeps three files `spare-<n>` in the journal's directory: files of a segment's size, full of zeros, synced. Real
 * zeros are written, because a hole would allocate at the first write, and then meet the full disk.
 *
 * A crash while a spare is made leaves a short file, which `open` removes.
 */
export class Spares {
  readonly #options: TailOptions;
  readonly #changed: (space: Space) => void;
  readonly #ready: string[] = [];
  #filling: Promise<void> | null = null;
  #allocating: Promise<boolean> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastNumber = 0;
  #full = false;
  #space: Space = "ample";
  #closed = false;

  constructor(options: TailOptions, changed: (space: Space) => void) {
    this.#options = options;
    this.#changed = changed;
  }

  get space(): Space {
    return this.#space;
  }

  get count(): number {
    return this.#ready.length;
  }

  /** Finds the spares that are there and begins to allocate those that are missing. */
  async open(): Promise<void> {
    const { files, directory, segmentBytes } = this.#options;
    for (const name of await files.list(directory)) {
      if (!name.startsWith("spare-")) continue;
      const file = below(directory, name);
      this.#lastNumber = Math.max(this.#lastNumber, Number(name.slice("spare-".length)) || 0);
      const whole = files.sizeOf(file) === segmentBytes;
      if (whole && this.#ready.length < SPARES) this.#ready.push(file);
      else await files.remove(file);
    }
    this.refill();
  }

  /** Hands out a spare, waiting for one that is being made; null if the disk has no room and none is left. */
  async take(): Promise<string | null> {
    if (this.#ready.length === 0) this.refill();
    while (this.#ready.length === 0 && this.#allocating !== null) await this.#allocating;
    const taken = this.#ready.shift() ?? null;
    this.#judge();
    return taken;
  }

  /** Begins to allocate what is missing; called when room may have come back. */
  refill(): void {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null;
      this.#judge();
    });
  }

  /** What is being allocated is finished; what is there stays for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#filling;
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#ready.length < SPARES) {
      this.#allocating = this.#allocateOne();
      const allocated = await this.#allocating;
      this.#allocating = null;
      if (!allocated) return this.#tryAgainLater();
    }
    this.#full = false;
  }

  async #allocateOne(): Promise<boolean> {
    const { files, directory, segmentBytes, freeBytesMin } = this.#options;
    // A new name every time: one that was taken may still be in use under its old name.
    const file = below(directory, `spare-${++this.#lastNumber}`);
    try {
      const free = await files.freeBytes(directory);
      if (free < segmentBytes + freeBytesMin) return false;
      await allocate(files, file, segmentBytes);
      await files.syncDirectory(directory);
      this.#ready.push(file);
      return true;
    } catch {
      // Whatever the reason, there is no spare: the reserve says what that means, and it is tried again.
      await files.remove(file).catch(() => {});
      return false;
    }
  }

  #tryAgainLater(): void {
    this.#full = true;
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.refill();
    }, ALLOCATE_AGAIN_MILLIS);
    this.#timer.unref();
  }

  /** Both reserved segments untouched: low, before they are. One of them in use: exhausted. */
  #judge(): void {
    const left = this.#ready.length;
    const space = !this.#full ? "ample" : left >= SPARES - 1 ? "low" : "exhausted";
    if (space === this.#space) return;
    this.#space = space;
    this.#changed(space);
  }
}

async function allocate(files: Files, file: string, bytes: number): Promise<void> {
  const open = await files.open(file, "create");
  try {
    for (let at = 0; at < bytes; at += STEP_BYTES) {
      await open.write([ZEROS.subarray(0, Math.min(STEP_BYTES, bytes - at))], at);
      await open.sync();
    }
  } finally {
    await open.close();
  }
}
