import { CODE_LENGTHS, CODES, EOS } from "./huffman-code.ts";
import { Malformed } from "./malformed.ts";

/** The bytes that `text`, one character for each byte, takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += CODE_LENGTHS[text.charCodeAt(i) & 0xff] as number;
  return (bits + 7) >>> 3;
}

/** Writes `text` and says where it ends. The last byte is filled with ones, the beginning of EOS (RFC 7541 §5.2). */
export function writeHuffman(text: string, to: Uint8Array, at: number): number {
  // Never more than 7 bits wait, so that a code of 30 could pass the 32 of the shifts: it is written in two halves.
  let waiting = 0;
  let bits = 0;
  const put = (code: number, length: number): void => {
    waiting = (waiting << length) | code;
    bits += length;
    while (bits >= 8) {
      bits -= 8;
      to[at++] = waiting >>> bits;
    }
    waiting &= (1 << bits) - 1;
  };
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const code = CODES[symbol] as number;
    const length = CODE_LENGTHS[symbol] as number;
    if (length > 16) {
      put(code >>> 16, length - 16);
      put(code & 0xffff, 16);
    } else put(code, length);
  }
  if (bits > 0) put((1 << (8 - bits)) - 1, 8 - bits);
  return at;
}

/**
 * Decodes the bytes between `from` and `to` into `out`, which has room for 8 bytes for every 5, and says how many came out.
 * A padding longer than 7 bits, or of other bits than ones, and a whole EOS are errors (RFC 7541 §5.2).
 */
export function readHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    let step = STEPS[(state << 4) | (byte >>> 4)] as number;
    if (step & EMITS) out[length++] = (step >>> SYMBOL_SHIFT) & 0xff;
    else if (step & FAILS) throw new Malformed("EOS inside a string");
    state = step & STATE_MASK;
    step = STEPS[(state << 4) | (byte & 0x0f)] as number;
    if (step & EMITS) out[length++] = (step >>> SYMBOL_SHIFT) & 0xff;
    else if (step & FAILS) throw new Malformed("EOS inside a string");
    state = step & STATE_MASK;
  }
  if ((ENDS[state] as number) === 0) throw new Malformed("a string is padded wrongly");
  return length;
}

/** A string of `length` bytes decodes to no more than this many. */
export const decodedBytesMax = (length: number): number => Math.floor((length * 8) / 5);

/**
 * The decoder takes four bits at a time. A state is an inner node of the code's tree; a step names the next and, as no code
 * is shorter than five bits, the one symbol that may have ended on the way.
 */
const STATE_MASK = 0x1ff;
const EMITS = 0x200;
const FAILS = 0x400;
const SYMBOL_SHIFT = 16;

const [STEPS, ENDS] = automaton();

type Node = { readonly children: [Node | number | null, Node | number | null]; id: number };

function automaton(): readonly [steps: Int32Array, ends: Uint8Array] {
  const nodes: Node[] = [];
  const node = (): Node => {
    const made: Node = { children: [null, null], id: nodes.length };
    nodes.push(made);
    return made;
  };
  const root = node();
  CODES.forEach((code, symbol) => {
    let at = root;
    for (let bit = (CODE_LENGTHS[symbol] as number) - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1;
      const child = at.children[side] ?? node();
      at.children[side] = child;
      at = child as Node;
    }
    at.children[code & 1] = symbol;
  });
  const steps = new Int32Array(nodes.length * 16);
  for (const { id } of nodes) {
    for (let nibble = 0; nibble < 16; nibble++) {
      steps[(id << 4) | nibble] = stepFrom(nodes[id] as Node, root, nibble);
    }
  }
  return [steps, endsOf(root, nodes.length)];
}

function stepFrom(from: Node, root: Node, nibble: number): number {
  let at = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = at.children[(nibble >>> bit) & 1];
    if (typeof child === "number") {
      if (child === EOS) return FAILS;
      emitted = EMITS | (child << SYMBOL_SHIFT);
      at = root;
    } else at = child as Node;
  }
  return at.id | emitted;
}

/** A string may end at the root, or where at most seven ones lead from it. */
function endsOf(root: Node, count: number): Uint8Array {
  const ends = new Uint8Array(count);
  let at: Node = root;
  for (let ones = 0; ones <= 7; ones++) {
    ends[at.id] = 1;
    at = at.children[1] as Node;
  }
  return ends;
}
