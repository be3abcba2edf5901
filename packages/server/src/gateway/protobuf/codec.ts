import {
  type Bytes,
  decoded,
  EMPTY,
  fromUtf8,
  Malformed,
  unreachable,
  utf8,
} from "@quorate/kernel/core";
import type { Field, MessageType } from "./schema.ts";
import { DELIMITED, NESTING_MAX, VARINT, WireReader, WireWriter } from "./wire.ts";

type Values = Record<string, unknown>;

/**
 * Reads a message; fields that the table does not know are skipped, a later value of a singular field
 * replaces an earlier one. Byte fields are slices of `bytes`. Total: any bytes give a message or `Malformed`.
 */
export function decode<T>(type: MessageType<T>, bytes: Bytes): T | Malformed {
  return decoded(() => decodeMessage(type, bytes, 0) as T);
}

/** The bool field of that number, read without decoding the rest; false for bytes that are no message. */
export function flag(bytes: Bytes, number: number): boolean {
  const found = decoded(() => {
    const reader = new WireReader(bytes);
    let set = false;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag === number * 8 + VARINT) set = reader.varint() !== 0n;
      else reader.skip(tag % 8);
    }
    return set;
  });
  return found === true;
}

/** Writes the fields that differ from their defaults, in order of number; what is left out has its default. */
export function encode<T>(type: MessageType<T>, value: Partial<T>): Bytes {
  const writer = new WireWriter();
  encodeMessage(type, value as Values, writer);
  return writer.take();
}

/** The value that proto3 gives to a field that is not there. */
export function defaultOf(field: Field): unknown {
  if (field.repeated) return [];
  switch (field.kind) {
    case "int64":
    case "uint64":
      return 0n;
    case "uint32":
    case "enum":
      return 0;
    case "bool":
      return false;
    case "string":
      return "";
    case "bytes":
      return EMPTY;
    case "message":
      return null;
    default:
      return unreachable(field.kind);
  }
}

/** True for what is neither written to the wire nor shown in JSON. */
export function isDefault(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (field.repeated) return (value as readonly unknown[]).length === 0;
  if (field.kind === "bytes") return (value as Bytes).length === 0;
  return field.kind !== "message" && value === defaultOf(field);
}

function decodeMessage(type: MessageType, bytes: Bytes, depth: number): Values {
  if (depth > NESTING_MAX) throw new Malformed("messages nest too deep");
  const values: Values = {};
  for (const field of type.fields) values[field.name] = defaultOf(field);
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const tag = reader.tag();
    const wireType = tag % 8;
    const field = type.byNumber[Math.floor(tag / 8)];
    if (field === undefined) reader.skip(wireType);
    else if (wireType === wireTypeOf(field)) {
      const value = decodeValue(field, reader, depth);
      if (field.repeated) (values[field.name] as unknown[]).push(value);
      else values[field.name] = value;
    } else if (field.repeated && wireType === DELIMITED) {
      const packed = new WireReader(reader.delimited());
      while (!packed.done)
        (values[field.name] as unknown[]).push(decodeValue(field, packed, depth));
    } else reader.skip(wireType);
  }
  return values;
}

/** Varints for all but the kinds that carry a length. */
export function wireTypeOf(field: Field): number {
  return field.kind === "string" || field.kind === "bytes" || field.kind === "message"
    ? DELIMITED
    : VARINT;
}

function decodeValue(field: Field, reader: WireReader, depth: number): unknown {
  switch (field.kind) {
    case "int64":
      return BigInt.asIntN(64, reader.varint());
    case "uint64":
      return reader.varint();
    case "uint32":
      return Number(BigInt.asUintN(32, reader.varint()));
    case "enum":
      return Number(BigInt.asIntN(32, reader.varint()));
    case "bool":
      return reader.varint() !== 0n;
    case "string":
      return fromUtf8(reader.delimited());
    case "bytes":
      return reader.delimited();
    case "message":
      return decodeMessage(nestedOf(field), reader.delimited(), depth + 1);
    default:
      return unreachable(field.kind);
  }
}

function encodeMessage(type: MessageType, values: Values, writer: WireWriter): void {
  for (const field of type.fields) {
    const value = values[field.name];
    if (isDefault(field, value)) continue;
    if (!field.repeated) encodeField(field, value, writer);
    else if (wireTypeOf(field) === VARINT) encodePacked(field, value as readonly unknown[], writer);
    else for (const one of value as readonly unknown[]) encodeField(field, one, writer);
  }
}

function encodeField(field: Field, value: unknown, writer: WireWriter): void {
  writer.tag(field.number, wireTypeOf(field));
  encodeValue(field, value, writer);
}

function encodePacked(field: Field, values: readonly unknown[], writer: WireWriter): void {
  const packed = new WireWriter();
  for (const value of values) encodeValue(field, value, packed);
  writer.tag(field.number, DELIMITED).delimited(packed.take());
}

function encodeValue(field: Field, value: unknown, writer: WireWriter): void {
  switch (field.kind) {
    case "int64":
    case "uint64":
      writer.varint(value as bigint);
      return;
    case "uint32":
    case "enum":
      writer.varint(BigInt(value as number));
      return;
    case "bool":
      writer.size(value === true ? 1 : 0);
      return;
    case "string":
      writer.delimited(utf8(value as string));
      return;
    case "bytes":
      writer.delimited(value as Bytes);
      return;
    case "message": {
      const inner = new WireWriter();
      encodeMessage(nestedOf(field), value as Values, inner);
      writer.delimited(inner.take());
      return;
    }
    default:
      unreachable(field.kind);
  }
}

export function nestedOf(field: Field): MessageType {
  if (field.nested === null) throw new RangeError(`${field.name} is no message`);
  return field.nested();
}
