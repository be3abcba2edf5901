/**
 * A WebAssembly module with one function, `sum(seed, from, to)`: CRC-32C over the bytes [from, to) of the memory that it imports,
 * sixteen of them per step. The sixteen tables lie at the memory's beginning; `summing-memory.ts` writes them. Assembled
 * here, in some hundred instructions, because a binary in the repository could not be reviewed.
 */
export function sumModule(): Uint8Array {
  const signature = [FUNCTION, ...vector([I32, I32, I32]), ...vector([I32])];
  const memory = [...text("host"), ...text("memory"), 2, 0, 1];
  const code = [
    ...locals(WORDS.length),
    ...complement(),
    ...whileLeft(16, sixteen()),
    ...whileLeft(4, [...load(0), ...mix(W0), ...looks(W0, 3), ...set(CRC)]),
    ...whileLeft(1, one()),
    ...complement(),
    ...get(CRC),
    END,
  ];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, signature),
    ...section(2, memory),
    ...section(3, [0]),
    ...section(7, [...text("sum"), 0, 0]),
    ...section(10, vector(code)),
  ]);
}

const sixteen = (): readonly number[] => [
  ...load(0),
  ...mix(W0),
  ...[W1, W2, W3].flatMap((word, i) => [...load(4 * i + 4), ...set(word)]),
  ...looks(W0, 15),
  ...[W1, W2, W3].flatMap((word, i) => [...looks(word, 11 - 4 * i), XOR]),
  ...set(CRC),
];

const one = (): readonly number[] => {
  const rest = [...get(CRC), ...constant(8), SHIFT_RIGHT];
  return [...loadByte(), ...mix(W0), ...look(W0, 0, 0), ...rest, XOR, ...set(CRC)];
};

/** What was loaded, and the sum so far, as a word to be looked up. */
const mix = (word: number): readonly number[] => [...get(CRC), XOR, ...set(word)];

/** Sixteen tables of 256 words: `TABLE_BYTES * k + 4 * b` is what byte b adds to the sum when k more follow it in the step. */
export const TABLE_BYTES = 1024;
export const TABLES = 16;

/** Parameters, then the words of a step. */
const [CRC, AT, TO, W0, W1, W2, W3] = [0, 1, 2, 3, 4, 5, 6];
const WORDS = [W0, W1, W2, W3] as const;

/** "\\0asm", version 1. */
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const [I32, FUNCTION, NO_RESULT] = [0x7f, 0x60, 0x40];
const [BLOCK, LOOP, END, BRANCH, BRANCH_IF] = [0x02, 0x03, 0x0b, 0x0c, 0x0d];
const [LESS, ADD, SUBTRACT, AND, XOR] = [0x49, 0x6a, 0x6b, 0x71, 0x73];
const [SHIFT_LEFT, SHIFT_RIGHT] = [0x74, 0x76];

const get = (local: number): readonly number[] => [0x20, local];
const set = (local: number): readonly number[] => [0x21, local];
const constant = (value: number): readonly number[] => [0x41, ...signed(value)];
/** The alignment is a hint: any address will do. */
const load = (offset: number): readonly number[] => [...get(AT), 0x28, 0, ...unsigned(offset)];
const loadByte = (): readonly number[] => [...get(AT), 0x2d, 0, 0];

const complement = (): readonly number[] => [...get(CRC), ...constant(-1), XOR, ...set(CRC)];

/** Repeats `body`, and goes on by `bytes`, as long as so many are left. */
function whileLeft(bytes: number, body: readonly number[]): readonly number[] {
  const left = [...get(TO), ...get(AT), SUBTRACT];
  const leave = [...left, ...constant(bytes), LESS, BRANCH_IF, 1];
  const goOn = [...get(AT), ...constant(bytes), ADD, ...set(AT), BRANCH, 0];
  return [BLOCK, NO_RESULT, LOOP, NO_RESULT, ...leave, ...body, ...goOn, END, END];
}

/** What the four bytes of a word add; `table` is that of its first. */
function looks(word: number, table: number): readonly number[] {
  return [0, 1, 2, 3].flatMap((byte) => [
    ...look(word, byte, table - byte),
    ...(byte === 0 ? [] : [XOR]),
  ]);
}

/** What one byte of a word adds. The shift leaves it at four times its value, the offset in the table. */
function look(word: number, byte: number, table: number): readonly number[] {
  const shift =
    byte === 0 ? [...constant(2), SHIFT_LEFT] : [...constant(byte * 8 - 2), SHIFT_RIGHT];
  const offset = [...get(word), ...shift, ...constant(0xff << 2), AND];
  return [...offset, 0x28, 2, ...unsigned(table * TABLE_BYTES)];
}

const section = (id: number, item: readonly number[]): readonly number[] => [
  id,
  ...vector([1, ...item]),
];
const locals = (count: number): readonly number[] => [1, count, I32];
const vector = (items: readonly number[]): readonly number[] => [
  ...unsigned(items.length),
  ...items,
];
const text = (name: string): readonly number[] => vector(ascii(name));
const ascii = (name: string): readonly number[] => Array.from(name, (char) => char.charCodeAt(0));

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): readonly number[] {
  const fits = value >= -0x40 && value < 0x40;
  return fits ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
