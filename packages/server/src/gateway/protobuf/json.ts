import { type Bytes, Malformed, unreachable } from "@quorate/kernel/core";
import { defaultOf, isDefault, nestedOf } from "./codec.ts";
import type { Field, MessageType } from "./schema.ts";
import { NESTING_MAX } from "./wire.ts";

type Values = Record<string, unknown>;

/**
 * proto3's JSON mapping as etcd's gateway prints it: proto names, 64-bit integers as decimal strings, bytes in
 * base64, enums by name, and nothing for a field that has its default.
 */
export function toJson<T>(type: MessageType<T>, value: T): string {
  return JSON.stringify(jsonOf(type, value as Values));
}

/**
 * Reads the JSON form of a message. Integers beyond 2^53 keep every digit, quoted or not; names may be the
 * proto's or lowerCamelCase; unknown names are ignored, `null` is the default. Anything else is `Malformed`.
 */
export function fromJson<T>(type: MessageType<T>, text: string): T | Malformed {
  try {
    // The reviver visits every value: fifty times the cost, paid only where an integer may lose digits without it.
    const value: unknown = WIDE_INTEGER.test(text)
      ? JSON.parse(text, keepDigits)
      : JSON.parse(text);
    return messageFrom(type, value, 0) as T;
  } catch (error) {
    // A deeply nested text exhausts the stack.
    if (error instanceof Malformed) return error;
    if (error instanceof RangeError) return new Malformed("the JSON text is nested too deeply");
    if (error instanceof SyntaxError) return new Malformed(error.message);
    throw error;
  }
}

/** An integer that a double may not hold exactly. */
const WIDE_INTEGER = /\d{16}/;
/** The widest integer has 20 characters. Longer ones are refused before `BigInt` spends time on them. */
const INTEGER_CHARACTERS_MAX = 20;
const INTEGER = /^-?\d+$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Turns integers that a double cannot hold into bigints, from the digits as they were written. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER.test(source) && source.length <= INTEGER_CHARACTERS_MAX ? BigInt(source) : value;
}

function jsonOf(type: MessageType, values: Values): Values {
  const out: Values = {};
  for (const field of type.fields) {
    const value = values[field.name];
    if (isDefault(field, value)) continue;
    out[field.name] = field.repeated
      ? (value as readonly unknown[]).map((one) => jsonValue(field, one))
      : jsonValue(field, value);
  }
  return out;
}

function jsonValue(field: Field, value: unknown): unknown {
  switch (field.kind) {
    case "int64":
    case "uint64":
      return String(value);
    case "uint32":
    case "bool":
    case "string":
      return value;
    case "enum":
      return field.names[value as number] ?? value;
    case "bytes":
      return base64(value as Bytes);
    case "message":
      return jsonOf(nestedOf(field), value as Values);
    default:
      return unreachable(field.kind);
  }
}

function messageFrom(type: MessageType, json: unknown, depth: number): Values {
  if (depth > NESTING_MAX) throw new Malformed("messages nest too deep");
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Malformed(`${type.name} wants a JSON object`);
  }
  const values: Values = {};
  for (const field of type.fields) values[field.name] = defaultOf(field);
  for (const [name, value] of Object.entries(json)) {
    const field = type.byJsonName.get(name);
    if (field === undefined || value === null) continue;
    values[field.name] = field.repeated
      ? listFrom(field, value).map((one) => valueFrom(field, one, depth))
      : valueFrom(field, value, depth);
  }
  return values;
}

function listFrom(field: Field, json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new Malformed(`field ${field.name} wants a JSON array`);
  return json;
}

function valueFrom(field: Field, json: unknown, depth: number): unknown {
  switch (field.kind) {
    case "int64":
      return integer(field, json, -(1n << 63n), (1n << 63n) - 1n);
    case "uint64":
      return integer(field, json, 0n, (1n << 64n) - 1n);
    case "uint32":
      return Number(integer(field, json, 0n, (1n << 32n) - 1n));
    case "enum":
      return enumFrom(field, json);
    case "bool":
      if (typeof json !== "boolean") throw invalid(field, json);
      return json;
    case "string":
      if (typeof json !== "string") throw invalid(field, json);
      return json;
    case "bytes":
      if (typeof json !== "string" || !BASE64.test(json)) throw invalid(field, json);
      return new Uint8Array(Buffer.from(json, "base64"));
    case "message":
      return messageFrom(nestedOf(field), json, depth + 1);
    default:
      return unreachable(field.kind);
  }
}

function integer(field: Field, json: unknown, least: bigint, most: bigint): bigint {
  const value = integerOf(json);
  if (value === null || value < least || value > most) throw invalid(field, json);
  return value;
}

function integerOf(json: unknown): bigint | null {
  if (typeof json === "bigint") return json;
  if (typeof json === "number") return Number.isSafeInteger(json) ? BigInt(json) : null;
  if (typeof json !== "string" || json.length > INTEGER_CHARACTERS_MAX) return null;
  return INTEGER.test(json) ? BigInt(json) : null;
}

function enumFrom(field: Field, json: unknown): number {
  if (typeof json === "string") {
    const value = field.names.indexOf(json);
    if (value < 0) throw invalid(field, json);
    return value;
  }
  return Number(integer(field, json, -(1n << 31n), (1n << 31n) - 1n));
}

function invalid(field: Field, json: unknown): Malformed {
  const shown = typeof json === "bigint" ? String(json) : (JSON.stringify(json) ?? "nothing");
  return new Malformed(
    `invalid value for ${field.kind} field ${field.name}: ${shown.slice(0, 64)}`,
  );
}

function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
