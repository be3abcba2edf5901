import type { Bytes } from "@quorate/kernel/core";

/** Compressed flag and length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const PREFIX_BYTES = 5;

/** The message's prefix: never compressed. */
export function prefixOf(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const prefix = new Uint8Array(PREFIX_BYTES);
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
  return prefix;
}
