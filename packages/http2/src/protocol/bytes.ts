/** Immutable from the moment they are handed over, either way. */
export type Bytes = Uint8Array;

export const EMPTY: Bytes = new Uint8Array(0);

/** Below this many bytes a loop copies faster than `set`, whose call alone costs more. */
const LOOP_BYTES_MAX = 32;

export function copy(from: Bytes, to: Uint8Array, at: number): void {
  const length = from.length;
  if (length > LOOP_BYTES_MAX) {
    to.set(from, at);
    return;
  }
  for (let i = 0; i < length; i++) to[at + i] = from[i] as number;
}

/**
 * A view of the same memory. Not `subarray`: on a Buffer that makes another Buffer, at several times the cost.
 */
export function view(of: Bytes, from: number, to: number): Bytes {
  return new Uint8Array(of.buffer, of.byteOffset + from, to - from);
}

/** One character for each byte, as header fields are read (RFC 9110 §5.5 knows no other meaning for them). */
export function latin1(bytes: Bytes, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += CHARACTERS_AT_ONCE) {
    const part = view(bytes, at, Math.min(to, at + CHARACTERS_AT_ONCE));
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
}

/** Arguments go on the stack, so there is a limit to how many one call takes. */
const CHARACTERS_AT_ONCE = 4096;

/** The inverse of `latin1`. Characters beyond U+00FF lose their high bits: who makes fields checks for them first. */
export function latin1Bytes(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
