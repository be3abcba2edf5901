import { isUtf8 } from "node:buffer";
import type { KeyValueAnswer } from "./answers.ts";
import { usage } from "./exit.ts";
import type { KeyValueOutput } from "./outputs.ts";

/** Keys and values of the command line are texts in UTF-8; the API has bytes, in JSON as base64. */
export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

export interface KeyRange {
  readonly key: string;
  readonly range_end?: string;
}

/** The range that the arguments mean: one key, `key` up to `end`, or all keys that begin with `key`. In base64. */
export function keyRange(key: string, end: string | undefined, prefix: boolean): KeyRange {
  if (!prefix)
    return end === undefined ? { key: base64(key) } : { key: base64(key), range_end: base64(end) };
  if (end !== undefined) throw usage("--prefix and an end of the range exclude each other");
  const bytes = Buffer.from(key, "utf8");
  return {
    key: (bytes.length === 0 ? Buffer.of(0) : bytes).toString("base64"),
    range_end: prefixEnd(bytes),
  };
}

/** The first key behind all that begin so; "\0" stands for the end of all keys. */
function prefixEnd(prefix: Buffer): string {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0xff;
    if (byte < 0xff)
      return Buffer.concat([prefix.subarray(0, i), Buffer.of(byte + 1)]).toString("base64");
  }
  return Buffer.of(0).toString("base64");
}

export function keyValueOutput(answer: KeyValueAnswer): KeyValueOutput {
  const { key, value, encoding } = texts(answer.key, answer.value);
  return {
    key,
    value,
    encoding,
    createRevision: answer.create_revision,
    modRevision: answer.mod_revision,
    version: answer.version,
    lease: answer.lease,
  };
}

export function keyOutput(key: string): {
  readonly key: string;
  readonly encoding: "utf8" | "base64";
} {
  const { key: text, encoding } = texts(key, "");
  return { key: text, encoding };
}

/** A cell of a table: base64 is marked, or it could be taken for the text itself. */
export const cell = (text: string, encoding: "utf8" | "base64"): string =>
  encoding === "base64" && text !== "" ? `base64:${text}` : text;

function texts(key: string, value: string): Pick<KeyValueOutput, "key" | "value" | "encoding"> {
  const [keyBytes, valueBytes] = [Buffer.from(key, "base64"), Buffer.from(value, "base64")];
  if (!isUtf8(keyBytes) || !isUtf8(valueBytes)) return { key, value, encoding: "base64" };
  return { key: keyBytes.toString("utf8"), value: valueBytes.toString("utf8"), encoding: "utf8" };
}
