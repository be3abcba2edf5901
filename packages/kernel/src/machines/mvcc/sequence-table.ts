import { assert } from "../../core/index.ts";

const CHUNK_BITS = 12;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const CHUNK_START = 32;
/** A full chunk with fewer live entries than this keeps a sorted list of them instead of an array of all. */
const SPARSE_BELOW = CHUNK_SIZE / 8;

/** Who may change a chunk in place: the table whose token it carries. */
class Owner {}

interface Chunk {
  readonly owner: Owner;
  /** Null: `references[i]` belongs to the i-th number of the chunk. Else to the number `slots[i]`, ascending. */
  readonly slots: Uint16Array | null;
  references: Float64Array;
  live: number;
}

/**
 * Where the n-th record is, for numbers that only grow and records of which most are dropped some day. Chunks
 * nobody needs vanish, chunks with few survivors shrink to those. `fork` is O(1): chunks are copied when
 * they are first changed after it; an append changes nothing that a fork can see.
 */
export class SequenceTable {
  #chunks: (Chunk | null)[] = [];
  #shared = false;
  #owner = new Owner();
  #allocated = 0;

  get bytesAllocated(): number {
    return this.#allocated;
  }

  /** 0 where the entry was cleared or never was. */
  get(n: number): number {
    const chunk = this.#chunks[Math.floor(n / CHUNK_SIZE)];
    if (chunk === null || chunk === undefined) return 0;
    const slot = n % CHUNK_SIZE;
    if (chunk.slots === null) return chunk.references[slot] ?? 0;
    const at = placeOf(chunk.slots, slot);
    return at < 0 ? 0 : (chunk.references[at] ?? 0);
  }

  /** Sets the entry after all others. */
  append(n: number, reference: number): void {
    const number = Math.floor(n / CHUNK_SIZE);
    const slot = n % CHUNK_SIZE;
    while (this.#chunks.length <= number) this.#addChunk();
    const chunk = this.#chunks[number];
    assert(chunk !== null && chunk !== undefined && chunk.slots === null, "the last chunk is open");
    if (slot >= chunk.references.length) {
      const grown = new Float64Array(chunk.references.length === 0 ? CHUNK_START : slot * 2);
      grown.set(chunk.references);
      this.#allocated += (grown.length - chunk.references.length) * 8;
      chunk.references = grown;
    }
    chunk.references[slot] = reference;
    chunk.live++;
  }

  /** Changes an entry that is there. */
  move(n: number, reference: number): void {
    this.#write(n, reference);
  }

  clear(n: number): void {
    const number = Math.floor(n / CHUNK_SIZE);
    const chunk = this.#write(n, 0);
    chunk.live--;
    if (number === this.#chunks.length - 1) return;
    if (chunk.live === 0) this.#replace(number, null);
    else if (isSparse(chunk)) this.#replace(number, sparse(chunk));
  }

  fork(): SequenceTable {
    const fork = new SequenceTable();
    fork.#chunks = this.#chunks;
    fork.#allocated = this.#allocated;
    this.#owner = new Owner();
    this.#shared = true;
    fork.#shared = true;
    return fork;
  }

  #write(n: number, reference: number): Chunk {
    const chunk = this.#owned(Math.floor(n / CHUNK_SIZE));
    const slot = n % CHUNK_SIZE;
    const at = chunk.slots === null ? slot : placeOf(chunk.slots, slot);
    assert(at >= 0 && chunk.references[at] !== 0, "only an entry that is there is changed");
    chunk.references[at] = reference;
    return chunk;
  }

  #owned(number: number): Chunk {
    const chunk = this.#chunks[number];
    assert(chunk !== null && chunk !== undefined, "a chunk with a live entry is there");
    if (chunk.owner === this.#owner) return chunk;
    const copy = { ...chunk, owner: this.#owner, references: chunk.references.slice() };
    this.#unshare();
    this.#chunks[number] = copy;
    return copy;
  }

  #addChunk(): void {
    this.#unshare();
    this.#retire(this.#chunks.length - 1);
    this.#chunks.push({
      owner: this.#owner,
      slots: null,
      references: new Float64Array(0),
      live: 0,
    });
  }

  /** The last chunk is about to become an inner one: from here on it may vanish or shrink. */
  #retire(number: number): void {
    const chunk = this.#chunks[number];
    if (chunk === null || chunk === undefined) return;
    if (chunk.live === 0) this.#replace(number, null);
    else if (isSparse(chunk)) this.#replace(number, { ...sparse(chunk), owner: this.#owner });
  }

  #replace(number: number, chunk: Chunk | null): void {
    this.#unshare();
    this.#allocated += sizeOf(chunk) - sizeOf(this.#chunks[number] ?? null);
    this.#chunks[number] = chunk;
  }

  #unshare(): void {
    if (!this.#shared) return;
    this.#chunks = this.#chunks.slice();
    this.#shared = false;
  }
}

/** Whether a chunk that takes no more entries would be much smaller as a list of its survivors. */
function isSparse(chunk: Chunk): boolean {
  return chunk.live < (chunk.slots === null ? SPARSE_BELOW : chunk.slots.length / 2);
}

/** A copy with the live entries only. */
function sparse(chunk: Chunk): Chunk {
  const slots = new Uint16Array(chunk.live);
  const references = new Float64Array(chunk.live);
  let at = 0;
  chunk.references.forEach((reference, i) => {
    if (reference === 0) return;
    slots[at] = chunk.slots?.[i] ?? i;
    references[at++] = reference;
  });
  return { owner: chunk.owner, slots, references, live: chunk.live };
}

function sizeOf(chunk: Chunk | null): number {
  return chunk === null ? 0 : chunk.references.byteLength + (chunk.slots?.byteLength ?? 0);
}

function placeOf(slots: Uint16Array, slot: number): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((slots[middle] ?? 0) < slot) low = middle + 1;
    else high = middle;
  }
  return slots[low] === slot ? low : -1;
}
