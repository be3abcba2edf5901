/** How much text is put together at once. */
const CHUNK = 8192;

/** Bytes as text. What is no UTF-8 becomes U+FFFD, as everywhere; a byte order mark at the front is left out. */
export function utf8(bytes: Uint8Array): string {
  const parts: string[] = [];
  let units: number[] = [];
  for (let i = startOf(bytes); i < bytes.length; ) {
    const first = bytes[i] as number;
    const length = lengthOf(first);
    const code = length === 1 ? first : decode(bytes, i, length);
    i += code === INVALID && length > 1 ? 1 : Math.max(1, length);
    if (code === INVALID || code <= 0xffff) units.push(code === INVALID ? 0xfffd : code);
    else units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    if (units.length < CHUNK) continue;
    parts.push(String.fromCharCode(...units));
    units = [];
  }
  parts.push(String.fromCharCode(...units));
  return parts.join("");
}

const INVALID = -1;

const startOf = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;

/** Bytes that this one begins; 0 for one that begins nothing. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

function decode(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0 || at + length > bytes.length) return INVALID;
  let code = (bytes[at] as number) & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] as number;
    if ((next & 0xc0) !== 0x80) return INVALID;
    code = (code << 6) | (next & 0x3f);
  }
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < (SMALLEST[length] as number) || code > 0x10ffff || surrogate ? INVALID : code;
}
