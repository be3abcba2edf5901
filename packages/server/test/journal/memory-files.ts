import path from "node:path";
import type { Files, OpenFile } from "../../src/journal/index.ts";

interface Inode {
  data: Uint8Array;
  /** What stable storage holds: as of the last sync. */
  synced: Uint8Array;
  /** Writes since the last sync, in order. */
  unsynced: { readonly at: number; readonly bytes: Uint8Array }[];
}

/** Which of the bytes that were written and not synced a power cut leaves behind. */
export type Survives =
  | { readonly type: "none" }
  | { readonly type: "all" }
  /** Only these 512-byte sectors of each unsynced write, counted from the beginning of the file. */
  | { readonly type: "sectors"; readonly where: (sector: number) => boolean }
  /** All unsynced writes but the last, of which only the first bytes. */
  | { readonly type: "prefix"; readonly bytes: number };

/**
 * A disk in memory with what makes disks hard: bytes and names that are gone after a power cut unless they were
 * synced, a size, and calls that fail. Power goes after `operationsMax` operations; what is called then never ends.
 */
export class MemoryFiles implements Files {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  capacity = Number.POSITIVE_INFINITY;
  /** The n-th sync of a segment in use from now fails with EIO. */
  failSyncIn: number | null = null;
  syncs = 0;
  /** While set, syncs of segments in use wait, and call it with what lets them go on. */
  holdSync: ((goOn: () => void) => void) | null = null;
  #powerless: (() => void) | null = null;
  readonly powerCut = new Promise<void>((resolve) => {
    this.#powerless = resolve;
  });

  get used(): number {
    let used = 0;
    for (const inode of this.names.values()) used += inode.data.length;
    return used;
  }

  async list(directory: string): Promise<readonly string[]> {
    const inside = [...this.names.keys()].filter((name) => name.startsWith(`${directory}/`));
    return [
      ...new Set(inside.map((name) => name.slice(directory.length + 1).split("/")[0] ?? "")),
    ].sort();
  }

  async makeDirectory(): Promise<void> {}

  async open(file: string, mode: "existing" | "create"): Promise<OpenFile> {
    await this.#operation();
    let inode = this.names.get(file);
    if (mode === "create") {
      inode = { data: new Uint8Array(0), synced: new Uint8Array(0), unsynced: [] };
      this.names.set(file, inode);
    }
    if (inode === undefined) throw failure("ENOENT");
    return this.#openFile(inode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#operation();
    const inode = this.names.get(from);
    if (inode === undefined) throw failure("ENOENT");
    this.names.delete(from);
    this.names.set(to, inode);
  }

  async remove(file: string): Promise<void> {
    await this.#operation();
    this.names.delete(file);
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#operation();
    const inside = (name: string) => path.dirname(name) === directory;
    for (const name of this.durableNames.keys()) if (inside(name)) this.durableNames.delete(name);
    for (const [name, inode] of this.names) if (inside(name)) this.durableNames.set(name, inode);
  }

  async freeBytes(): Promise<number> {
    return Math.max(0, Math.min(this.capacity, Number.MAX_SAFE_INTEGER) - this.used);
  }

  sizeOf(file: string): number {
    return this.read(file).length;
  }

  read(file: string): Uint8Array {
    const inode = this.names.get(file);
    if (inode === undefined) throw failure("ENOENT");
    return inode.data.slice();
  }

  readAt(file: string, at: number, length: number): Uint8Array {
    return this.read(file).slice(at, at + length);
  }

  /** The disk as the next start finds it. */
  afterPowerCut(survives: Survives): MemoryFiles {
    const next = new MemoryFiles();
    for (const [name, inode] of this.durableNames) {
      const data = surviving(inode, survives);
      const again = { data, synced: data.slice(), unsynced: [] };
      next.names.set(name, again);
      next.durableNames.set(name, again);
    }
    return next;
  }

  /** Changes a file behind everybody's back. */
  damage(file: string, change: (bytes: Uint8Array) => void): void {
    const inode = this.names.get(file);
    if (inode === undefined) throw failure("ENOENT");
    change(inode.data);
    inode.synced = inode.data.slice();
  }

  #openFile(inode: Inode): OpenFile {
    return {
      write: async (parts, at) => {
        await this.#operation();
        for (const part of parts) {
          const end = at + part.length;
          if (this.used + Math.max(0, end - inode.data.length) > this.capacity)
            throw failure("ENOSPC");
          inode.data = written(inode.data, at, part);
          inode.unsynced.push({ at, bytes: part.slice() });
          at = end;
        }
      },
      sync: async () => {
        const inUse = [...this.names].some(([name, at]) => at === inode && name.endsWith(".seg"));
        const hold = this.holdSync;
        if (inUse && hold !== null) await new Promise<void>(hold);
        await this.#operation();
        if (!inUse) this.#keep(inode);
        if (!inUse) return;
        this.syncs++;
        if (this.failSyncIn !== null && --this.failSyncIn <= 0) {
          throw failure("EIO");
        }
        this.#keep(inode);
      },
      close: async () => {},
    };
  }

  #keep(inode: Inode): void {
    inode.synced = inode.data.slice();
    inode.unsynced = [];
  }

  /** The next sync of a segment in use, held back: resolves with what lets it go on. */
  nextSync(): Promise<() => void> {
    return new Promise((resolve) => {
      this.holdSync = resolve;
    });
  }

  async #operation(): Promise<void> {
    if (this.operations++ < this.operationsMax) return;
    this.#powerless?.();
    await new Promise(() => {});
  }
}

function surviving(inode: Inode, survives: Survives): Uint8Array {
  if (survives.type === "none") return inode.synced.slice();
  if (survives.type === "all") return inode.data.slice();
  let data: Uint8Array = inode.synced.slice();
  inode.unsynced.forEach(({ at, bytes }, nth) => {
    if (survives.type === "prefix") {
      const last = nth === inode.unsynced.length - 1;
      data = written(data, at, last ? bytes.subarray(0, survives.bytes) : bytes);
      return;
    }
    for (let i = 0; i < bytes.length; i++) {
      const sector = Math.floor((at + i) / 512);
      if (survives.where(sector)) data = written(data, at + i, bytes.subarray(i, i + 1));
    }
  });
  return data;
}

function written(data: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const grown = at + bytes.length > data.length ? new Uint8Array(at + bytes.length) : data;
  if (grown !== data) grown.set(data);
  grown.set(bytes, at);
  return grown;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: by the test's disk`), { code });
}
