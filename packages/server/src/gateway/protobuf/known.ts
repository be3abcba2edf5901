import { type Bytes, decoded, Malformed } from "@quorate/kernel/core";
import { nestedOf, wireTypeOf } from "./codec.ts";
import type { Field, MessageType } from "./schema.ts";
import { DELIMITED, NESTING_MAX, WireReader, WireWriter } from "./wire.ts";

/**
 * The bytes without the fields that the table does not know: the very same bytes if there are none, which is
 * the rule. A client's bytes become a log entry, and two releases that know different fields would apply it
 * differently; so what this release does not know never enters the log (contracts, Every byte has a version).
 * What is known keeps its bytes and its order. Total: any bytes give bytes or `Malformed`.
 */
export function onlyKnown(type: MessageType, bytes: Bytes): Bytes | Malformed {
  return decoded(() => knownFields(type, bytes, 0));
}

function knownFields(type: MessageType, bytes: Bytes, depth: number): Bytes {
  if (depth > NESTING_MAX) throw new Malformed("messages nest too deep");
  const reader = new WireReader(bytes);
  let kept: WireWriter | null = null;
  /** What lies between here and the reader is known and not yet kept. */
  let from = 0;
  while (!reader.done) {
    const start = reader.at;
    const tag = reader.tag();
    const field = type.byNumber[Math.floor(tag / 8)];
    if (field === undefined || !fits(field, tag % 8)) {
      reader.skip(tag % 8);
      kept = (kept ?? new WireWriter()).raw(bytes.subarray(from, start));
      from = reader.at;
    } else if (field.kind === "message") {
      const inner = reader.delimited();
      const known = knownFields(nestedOf(field), inner, depth + 1);
      if (known === inner) continue;
      kept = (kept ?? new WireWriter()).raw(bytes.subarray(from, start));
      kept.tag(field.number, DELIMITED).delimited(known);
      from = reader.at;
    } else reader.skip(tag % 8);
  }
  return kept === null ? bytes : kept.raw(bytes.subarray(from)).take();
}

/** A repeated number may come packed or one by one; any other wire type makes the field an unknown one. */
function fits(field: Field, wireType: number): boolean {
  return wireType === wireTypeOf(field) || (field.repeated && wireType === DELIMITED);
}
