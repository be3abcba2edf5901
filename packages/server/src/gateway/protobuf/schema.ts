import type { Bytes } from "@quorate/kernel/core";

/**
 * Message types as tables. One table per message serves the binary codec, the JSON mapping and the removal of
 * unknown fields, and TypeScript reads the shape of a decoded message off it (README, Why tables).
 */
export interface MessageType<T = unknown> {
  /** Full name, such as `etcdserverpb.PutRequest`. */
  readonly name: string;
  /** In order of field number, which is also the order on the wire and in JSON. */
  readonly fields: readonly Field[];
  /** Indexed by field number; holes are fields that this release does not know. */
  readonly byNumber: readonly (Field | undefined)[];
  /** By the proto name and by its lowerCamelCase form: JSON input may use either. */
  readonly byJsonName: ReadonlyMap<string, Field>;
  /** Carries `T` for the compiler; never set. */
  readonly shape?: T;
}

type Kind = "int64" | "uint64" | "uint32" | "bool" | "string" | "bytes" | "enum" | "message";

/** One field of a message. Fields of a oneof are plain fields here: etcd's have no meaning when absent but zero. */
export interface Field<V = unknown> {
  /** The proto name; key of the decoded object and of JSON output. */
  readonly name: string;
  readonly number: number;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** Names by value; empty unless `kind` is "enum". */
  readonly names: readonly string[];
  /** The nested type, asked for lazily because a transaction contains transactions; null for other kinds. */
  readonly nested: (() => MessageType) | null;
  readonly shape?: V;
}

/** The decoded form of a message: every field is there, absent ones with proto3's default. */
export type MessageOf<M> = M extends MessageType<infer T> ? T : never;

type Declared = Readonly<Record<string, Field>>;
type ShapeOf<D extends Declared> = {
  readonly [K in keyof D]: D[K] extends Field<infer V> ? V : never;
};

export function message<D extends Declared>(name: string, declared: D): MessageType<ShapeOf<D>> {
  const fields = Object.entries(declared)
    .map(([fieldName, field]) => ({ ...field, name: fieldName }))
    .sort((a, b) => a.number - b.number);
  const byNumber: (Field | undefined)[] = [];
  const byJsonName = new Map<string, Field>();
  for (const field of fields) {
    byNumber[field.number] = field;
    byJsonName.set(field.name, field);
    byJsonName.set(lowerCamel(field.name), field);
  }
  return { name, fields, byNumber, byJsonName };
}

export const int64 = (number: number): Field<bigint> => scalar(number, "int64");
export const uint64 = (number: number): Field<bigint> => scalar(number, "uint64");
export const uint32 = (number: number): Field<number> => scalar(number, "uint32");
export const bool = (number: number): Field<boolean> => scalar(number, "bool");
export const string = (number: number): Field<string> => scalar(number, "string");
export const bytes = (number: number): Field<Bytes> => scalar(number, "bytes");
/** `names[n]` is the name of value n; a value beyond them is kept as its number. */
export const enumeration = (number: number, names: readonly string[]): Field<number> => ({
  ...scalar<number>(number, "enum"),
  names,
});
/** Null when absent. */
export const nested = <T>(number: number, type: () => MessageType<T>): Field<T | null> => ({
  ...scalar<T | null>(number, "message"),
  nested: type,
});
export const repeated = <V>(field: Field<V>): Field<readonly NonNullable<V>[]> => ({
  name: field.name,
  number: field.number,
  kind: field.kind,
  repeated: true,
  names: field.names,
  nested: field.nested,
});

function scalar<V>(number: number, kind: Kind): Field<V> {
  return { name: "", number, kind, repeated: false, names: [], nested: null };
}

/** protoc's rule: an underscore goes, and the letter after it is raised. */
function lowerCamel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
