/** Words in the memory of configurations: 512 MiB. Beyond it a search says unknown. */
export const CONFIGURATION_WORDS_MAX = 128 * 1024 * 1024;

const SLOTS_MIN = 1 << 12;

/**
 * Sequences of 32-bit words, each kept once, one after another in one array; an open table of offsets finds them. It is exact: equal
 * hashes are compared word by word.
 */
export class Configurations {
  /** The caller writes a sequence into `words` from `end` on, and then adds it. */
  words = new Int32Array(1 << 14);
  end = 0;
  private slots = new Int32Array(SLOTS_MIN);
  private count = 0;

  /** Makes room for so many words behind `end`; false where the memory is full. */
  reserve(length: number): boolean {
    const need = this.end + length + 1;
    if (need <= this.words.length) return true;
    if (need > CONFIGURATION_WORDS_MAX) return false;
    const words = new Int32Array(
      Math.min(CONFIGURATION_WORDS_MAX, Math.max(need, 2 * this.words.length)),
    );
    words.set(this.words.subarray(0, this.end));
    this.words = words;
    return true;
  }

  /** Keeps the sequence of `length` words behind `end + 1`; true where it was not there. Its length is written at `end`. */
  add(length: number): boolean {
    const { words, end } = this;
    words[end] = length;
    const mask = this.slots.length - 1;
    for (let slot = hash(words, end, length) & mask; ; slot = (slot + 1) & mask) {
      const offset = (this.slots[slot] as number) - 1;
      if (offset < 0) {
        this.slots[slot] = end + 1;
        this.end = end + length + 1;
        if (++this.count * 2 > this.slots.length) this.grow();
        return true;
      }
      if (this.equal(offset, end, length)) return false;
    }
  }

  private equal(a: number, b: number, length: number): boolean {
    const { words } = this;
    for (let i = 0; i <= length; i++) if (words[a + i] !== words[b + i]) return false;
    return true;
  }

  private grow(): void {
    const { words, end } = this;
    const slots = new Int32Array(2 * this.slots.length);
    const mask = slots.length - 1;
    for (let offset = 0; offset < end; offset += (words[offset] as number) + 1) {
      let slot = hash(words, offset, words[offset] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = offset + 1;
    }
    this.slots = slots;
  }
}

function hash(words: Int32Array, offset: number, length: number): number {
  let h = length;
  for (let i = 1; i <= length; i++) {
    h = Math.imul(h ^ (words[offset + i] as number), 0x9e3779b1);
    h ^= h >>> 15;
  }
  h = Math.imul(h, 0x85ebca6b);
  return h ^ (h >>> 13);
}
