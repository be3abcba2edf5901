import { assert } from "./assert.ts";

/** Where a record is: slab number times `SLAB_SPAN` plus offset. 0 is nowhere. */
export type SlabReference = number;

/** A stretch of memory into which records are appended; a written byte is never written again. */
export interface Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Who holds the references: asked while a slab is being emptied. */
export interface SlabOwner {
  isLive(reference: SlabReference): boolean;
  /** From now on the record is at `to`; its bytes at `from` stay readable for forks. */
  moved(from: SlabReference, to: SlabReference): void;
}

const SLAB_BYTES_MIN = 4 * 1024;
export const SLAB_BYTES_MAX = 1024 * 1024;
const SLAB_SPAN = 4 * 1024 * 1024;
/** A record beyond this has a slab of its own, so that it strands no space and is never copied. */
const SHARED_RECORD_BYTES_MAX = SLAB_BYTES_MAX / 4;
const LENGTH_BYTES = 4;

/**
 * Append-only storage for records, without an object or a typed array for each. A reference is a plain
 * number. Freed records leave holes; `tidy` empties slabs that are more than a third holes, a bounded
 * number of records at a time, which keeps what is allocated within 1.5 times what is live, plus the open
 * slab. A fork shares the memory: nothing it can see is ever overwritten, and what the original dropped
 * lives as long as the fork does.
 */
export class Slabs {
  /** Index 0 stays empty, so that no reference is 0. Copied before a change while a fork shares it. */
  #slabs: (CountedSlab | null)[] = [null];
  #shared = false;
  #vacant: number[] = [];
  #sparse: number[] = [];
  #open = 0;
  #emptying: Victim | null = null;
  #allocated = 0;
  /** Bytes of records that were not freed. */
  #live = 0;

  /** Bytes of memory held, holes and the unused end of the open slab included. */
  get bytesAllocated(): number {
    return this.#allocated;
  }

  /** Room for a record of that many bytes, all zero, to be filled in before the next call. */
  allocate(length: number): SlabReference {
    const need = length + LENGTH_BYTES;
    let number = this.#open;
    let slab = this.#slabs[number] ?? null;
    if (need > SHARED_RECORD_BYTES_MAX) {
      number = this.#add(need);
      slab = this.#slabs[number] ?? null;
    } else if (slab === null || slab.used + need > slab.bytes.length) {
      this.#seal();
      number = this.#add(Math.max(this.#nextBytes(), need));
      this.#open = number;
      slab = this.#slabs[number] ?? null;
    }
    assert(slab !== null, "the slab was just opened");
    const at = slab.used;
    slab.view.setUint32(at, length, true);
    slab.used = at + need;
    this.#live += need;
    return number * SLAB_SPAN + at;
  }

  slabOf(reference: SlabReference): Slab {
    const slab = this.#slabs[Math.floor(reference / SLAB_SPAN)];
    assert(slab !== null && slab !== undefined, "a reference outlived its slab");
    return slab;
  }

  /** Where in its slab the record's bytes begin. */
  offsetOf(reference: SlabReference): number {
    return (reference % SLAB_SPAN) + LENGTH_BYTES;
  }

  lengthOf(reference: SlabReference): number {
    return this.slabOf(reference).view.getUint32(reference % SLAB_SPAN, true);
  }

  /** The record will not be asked for again through this instance; forks may still read it. */
  free(reference: SlabReference): void {
    const number = Math.floor(reference / SLAB_SPAN);
    const slab = this.#slabs[number];
    assert(slab !== null && slab !== undefined, "a record is freed once");
    const length = slab.view.getUint32(reference % SLAB_SPAN, true) + LENGTH_BYTES;
    slab.holes += length;
    this.#live -= length;
    if (slab.holes === slab.used && number !== this.#open) this.#remove(number);
    else this.#considerSparse(number, slab);
  }

  /** Empties sparse slabs, `budget` records at most; true while more waits. */
  tidy(budget: number, owner: SlabOwner): boolean {
    const open = this.#slabs[this.#open] ?? null;
    // A store that shrank must not keep a slab of its great days for a few records.
    if (open !== null && open.bytes.length > 2 * this.#nextBytes() && isSparse(open)) this.#seal();
    while (budget > 0) {
      this.#emptying ??= this.#nextVictim();
      const victim = this.#emptying;
      if (victim === null) return false;
      const { number, slab } = victim;
      // Its last record may have been freed meanwhile, and its number be that of another slab by now.
      const isThere = this.#slabs[number] === slab;
      if (!isThere || victim.at >= slab.used) {
        if (isThere) this.#remove(number);
        this.#emptying = null;
        continue;
      }
      budget--;
      victim.at += this.#evacuate(number * SLAB_SPAN + victim.at, slab, owner);
    }
    return this.#emptying !== null || this.#sparse.length > 0;
  }

  /** O(1). Reads what was there at this moment; must not be written to. */
  fork(): Slabs {
    const fork = new Slabs();
    fork.#slabs = this.#slabs;
    fork.#open = this.#open;
    fork.#allocated = this.#allocated;
    this.#shared = true;
    fork.#shared = true;
    return fork;
  }

  #evacuate(from: SlabReference, slab: CountedSlab, owner: SlabOwner): number {
    const start = from % SLAB_SPAN;
    const length = slab.view.getUint32(start, true);
    if (owner.isLive(from)) {
      const to = this.allocate(length);
      const target = this.slabOf(to).bytes;
      const body = start + LENGTH_BYTES;
      target.set(slab.bytes.subarray(body, body + length), this.offsetOf(to));
      owner.moved(from, to);
      slab.holes += length + LENGTH_BYTES;
      this.#live -= length + LENGTH_BYTES;
    }
    return length + LENGTH_BYTES;
  }

  #nextVictim(): Victim | null {
    for (let number = this.#sparse.pop(); number !== undefined; number = this.#sparse.pop()) {
      const slab = this.#slabs[number] ?? null;
      if (slab?.listed === true) return { number, slab, at: 0 };
    }
    return null;
  }

  /** Lists a sealed slab when its holes first exceed a third. */
  #considerSparse(number: number, slab: CountedSlab): void {
    if (slab.listed || number === this.#open || !isSparse(slab)) return;
    slab.listed = true;
    this.#sparse.push(number);
  }

  #seal(): void {
    const number = this.#open;
    const slab = this.#slabs[number] ?? null;
    this.#open = 0;
    if (slab === null) return;
    if (slab.holes === slab.used) this.#remove(number);
    else this.#considerSparse(number, slab);
  }

  /** Slabs grow with the store: a thousand idle groups must not cost a thousand full slabs. */
  #nextBytes(): number {
    let bytes = SLAB_BYTES_MIN;
    while (bytes < SLAB_BYTES_MAX && bytes * 4 <= this.#live) bytes *= 2;
    return bytes;
  }

  #add(length: number): number {
    this.#unshare();
    const number = this.#vacant.pop() ?? this.#slabs.length;
    this.#slabs[number] = new CountedSlab(length);
    this.#allocated += length;
    return number;
  }

  #remove(number: number): void {
    this.#unshare();
    this.#allocated -= this.#slabs[number]?.bytes.length ?? 0;
    this.#slabs[number] = null;
    this.#vacant.push(number);
  }

  #unshare(): void {
    if (!this.#shared) return;
    this.#slabs = this.#slabs.slice();
    this.#shared = false;
  }
}

/** A slab whose live records are being moved elsewhere. */
interface Victim {
  readonly number: number;
  readonly slab: CountedSlab;
  at: number;
}

function isSparse(slab: CountedSlab): boolean {
  return slab.holes * 3 > slab.used;
}

class CountedSlab implements Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used = 0;
  holes = 0;
  listed = false;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
  }
}
