import fs from "node:fs";
import path from "node:path";
import type { Bytes } from "@quorate/kernel/core";

/**
 * The few things that journal and checkpoints ask of a file system: narrow enough that a test can put failing
 * syncs, full disks and power cuts beneath them. Every call that fails rejects with the system's error.
 */
export interface Files {
  /** Names in a directory, sorted; none if it does not exist. */
  list(directory: string): Promise<readonly string[]>;
  makeDirectory(directory: string): Promise<void>;
  /**
   * Opens for reading and writing. `create` makes an empty file, or empties the one that is there; one that is there already
   * may be written with `writeSynced`.
   */
  open(file: string, mode: "existing" | "create"): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** No error if there is no such file. */
  remove(file: string): Promise<void>;
  /** Makes the names in a directory durable: without it a synced file may have no name after a power cut. */
  syncDirectory(directory: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
  sizeOf(file: string): number;
  /** The whole file. Synchronous: recovery reads lazily, while nothing else runs. */
  read(file: string): Bytes;
  /** Up to `length` bytes at `at`; fewer at the end of the file. */
  readAt(file: string, at: number, length: number): Bytes;
}

export interface OpenFile {
  /** Writes all parts in order, beginning at `at`. After an error any of it may have been written. */
  write(parts: readonly Bytes[], at: number): Promise<void>;
  /** Data to stable storage (`fdatasync`). After an error nothing is known of the file: it must not be retried. */
  sync(): Promise<void>;
  /** Write and sync in one, by one errand of another thread instead of two. Left out where a file cannot. */
  writeSynced?(parts: readonly Bytes[], at: number): Promise<void>;
  /** Write and sync in one, done when it returns; throws what they reject with. Left out where a file cannot. */
  writeThrough?(parts: readonly Bytes[], at: number): void;
  close(): Promise<void>;
}

/** The file system of this machine. */
export const nodeFiles: Files = {
  async list(directory) {
    try {
      return (await fs.promises.readdir(directory)).sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  },
  async makeDirectory(directory) {
    await fs.promises.mkdir(directory, { recursive: true, mode: 0o700 });
  },
  open(file, mode) {
    return new Promise((resolve, reject) => {
      const synced = mode === "existing" && WRITES_SYNC;
      const flags = synced ? fs.constants.O_RDWR | fs.constants.O_DSYNC : FLAGS[mode];
      fs.open(file, flags, 0o600, (error, fd) =>
        error === null ? resolve(synced ? syncedFile(fd) : openFile(fd)) : reject(error),
      );
    });
  },
  rename: fs.promises.rename,
  async remove(file) {
    await fs.promises.rm(file, { force: true });
  },
  async syncDirectory(directory) {
    // Windows cannot open a directory; there a rename is durable with the volume's own journal.
    if (process.platform === "win32") return;
    const handle = await fs.promises.open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async freeBytes(directory) {
    const { bavail, bsize } = await fs.promises.statfs(directory);
    return bavail * bsize;
  },
  sizeOf: (file) => fs.statSync(file).size,
  read: (file) => fs.readFileSync(file),
  readAt(file, at, length) {
    const fd = fs.openSync(file, "r");
    try {
      const bytes = new Uint8Array(length);
      let read = 0;
      while (read < length) {
        const n = fs.readSync(fd, bytes, read, length - read, at + read);
        if (n === 0) break;
        read += n;
      }
      return bytes.subarray(0, read);
    } finally {
      fs.closeSync(fd);
    }
  },
};

export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Joins below a directory; kept here so that no other file of the storage needs `node:path`. */
export const below = (directory: string, name: string): string => path.join(directory, name);

const FLAGS = { create: "w+", existing: "r+" } as const;
/**
 * Linux syncs what a write to a file opened so has written as `fdatasync` does. Elsewhere that is not so: the Mac's leaves the
 * bytes in the drive's cache, where its `fdatasync`, as Node calls it, does not.
 */
const WRITES_SYNC = process.platform === "linux";

/** Every write to it is on stable storage when it is done. */
function syncedFile(fd: number): OpenFile {
  const file = openFile(fd);
  return {
    ...file,
    writeSynced: (parts, at) => file.write(parts, at),
    writeThrough: (parts, at) => writeAllAtOnce(fd, parts, at),
  };
}

function openFile(fd: number): OpenFile {
  return {
    write: (parts, at) =>
      new Promise((resolve, reject) => writeAll(fd, parts, at, resolve, reject)),
    sync: () =>
      new Promise((resolve, reject) => {
        fs.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
      }),
    writeThrough(parts, at) {
      writeAllAtOnce(fd, parts, at);
      fs.fdatasyncSync(fd);
    },
    close: () =>
      new Promise((resolve, reject) => {
        fs.close(fd, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

/** The system may write less than it was given, typically just before the disk is full: go on until it says so. */
function writeAll(
  fd: number,
  parts: readonly Bytes[],
  at: number,
  resolve: () => void,
  reject: (error: Error) => void,
): void {
  fs.writev(fd, parts as Bytes[], at, (error, written) => {
    if (error !== null) return reject(error);
    const rest = after(parts, written);
    if (rest.length === 0) return resolve();
    writeAll(fd, rest, at + written, resolve, reject);
  });
}

function writeAllAtOnce(fd: number, parts: readonly Bytes[], at: number): void {
  for (let rest = parts, from = at; rest.length > 0; ) {
    const written = fs.writevSync(fd, rest as Bytes[], from);
    rest = after(rest, written);
    from += written;
  }
}

/** The parts without their first `count` bytes. */
function after(parts: readonly Bytes[], count: number): readonly Bytes[] {
  let skipped = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) break;
    if (skipped + part.length > count) {
      return [part.subarray(count - skipped), ...parts.slice(i + 1)];
    }
    skipped += part.length;
  }
  return [];
}
