import { HeaderField } from "./field.ts";
import type { MessageHead } from "./message-head.ts";

/**
 * The fields of one header section, in order. Immutable, and shared between all messages whose section came as the same
 * bytes: what is derived from it is kept on it and need not be derived again.
 */
export class HeaderList {
  readonly fields: readonly HeaderField[];
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2), over all fields, those left out included. */
  readonly size: number;
  /** True where fields were left out, because there were more, or more of them in bytes, than the receiver takes. */
  readonly isTruncated: boolean;
  /** Set by `requestHead` and `responseHead`, the first time each is asked. */
  head: MessageHead | null = null;
  /** Free for one reader, who puts here what it has worked out of the fields. */
  memo: unknown = null;

  constructor(fields: readonly HeaderField[], size = sizeOf(fields), isTruncated = false) {
    this.fields = fields;
    this.size = size;
    this.isTruncated = isTruncated;
  }

  /** From pairs, such as `headers([":status", "200"], ["content-type", "application/grpc"])`. */
  static of(...pairs: readonly (readonly [name: string, value: string])[]): HeaderList {
    return new HeaderList(pairs.map(([name, value]) => new HeaderField(name, value)));
  }

  /** The first value of a field, by its lower-case name. */
  get(name: string): string | undefined {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as HeaderField;
      if (field.name === name) return field.value;
    }
    return undefined;
  }

  all(name: string): readonly string[] {
    return this.fields.filter((field) => field.name === name).map((field) => field.value);
  }
}

function sizeOf(fields: readonly HeaderField[]): number {
  let size = 0;
  for (const field of fields) size += field.size;
  return size;
}
