import { type Bytes, fromUtf8, utf8 } from "@quorate/kernel/core";
import type { MessageOf, messages } from "@quorate/server";
import { badArgument } from "./errors.ts";

/** A key or a value: bytes, or a text that stands for its UTF-8. */
export type Data = string | Bytes;

/** Throws `QuorateError` for what a caller without types may pass. */
export function bytesOf(data: Data): Bytes {
  if (typeof data === "string") return utf8(data);
  if (data instanceof Uint8Array) return data;
  throw badArgument(
    `a key or a value is a text or a Uint8Array, not ${data === null ? "null" : typeof data}`,
  );
}

/** A key with its value at a revision. */
export class KeyValue {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Counts the changes since the key was created; 0 for a deleted one. */
  readonly version: number;
  /** 0n: none. */
  readonly lease: bigint;

  constructor(message: MessageOf<typeof messages.KeyValue>) {
    this.key = message.key;
    this.value = message.value;
    this.createRevision = Number(message.create_revision);
    this.modRevision = Number(message.mod_revision);
    this.version = Number(message.version);
    this.lease = message.lease;
  }

  /** The key as the text that its UTF-8 stands for. */
  get keyText(): string {
    return fromUtf8(this.key);
  }

  get text(): string {
    return fromUtf8(this.value);
  }
}

/** Which keys: one, all that begin with `prefix`, or from `from` up to, and without, `to`. */
export type KeyRange =
  | Data
  | { readonly prefix: Data }
  | { readonly from: Data; readonly to: Data };

/** As the API has it: an empty end is one key, a zero byte the end of all keys. */
export function rangeOf(range: KeyRange): { readonly key: Bytes; readonly range_end: Bytes } {
  if (typeof range === "string" || range instanceof Uint8Array) {
    return { key: bytesOf(range), range_end: new Uint8Array(0) };
  }
  if ("from" in range) return { key: bytesOf(range.from), range_end: bytesOf(range.to) };
  const prefix = bytesOf(range.prefix);
  return { key: prefix.length === 0 ? END : prefix, range_end: behind(prefix) };
}

const END = new Uint8Array(1);

/** The first key behind all that begin with `prefix`. */
function behind(prefix: Bytes): Bytes {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0xff;
    if (byte === 0xff) continue;
    const end = prefix.slice(0, i + 1);
    end[i] = byte + 1;
    return end;
  }
  return END;
}
