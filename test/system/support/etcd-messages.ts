import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Type } from "protobufjs";

const require = createRequire(import.meta.url);
// A codec and message definitions that are not ours: those that the npm client of etcd brings with it.
const protobuf = require("protobufjs") as typeof import("protobufjs");
const definitions = join(dirname(require.resolve("etcd3")), "..", "proto", "rpc.proto");
const root = new protobuf.Root().loadSync(definitions, { keepCase: true });

/** Field names as etcd's JSON has them, 64-bit integers as decimal strings, bytes as latin1, absent fields absent. */
export type Plain = Readonly<Record<string, unknown>>;

/** Request and response of a method such as `KV/Range`. */
export function methodOf(method: string): {
  readonly path: string;
  readonly request: Type;
  readonly response: Type;
} {
  const [service = "", name = ""] = method.split("/");
  const found = root.lookupService(`etcdserverpb.${service}`).methods[name];
  if (found === undefined) throw new RangeError(`no method ${method}`);
  found.resolve();
  const { resolvedRequestType, resolvedResponseType } = found;
  if (resolvedRequestType === null || resolvedResponseType === null) throw new RangeError(method);
  return {
    path: `/etcdserverpb.${method}`,
    request: resolvedRequestType,
    response: resolvedResponseType,
  };
}

export const encodeMessage = (type: Type, value: Plain): Uint8Array =>
  type.encode(type.fromObject(named(type, value))).finish();

export function decodeMessage(type: Type, bytes: Uint8Array): Plain {
  const object = type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: Buffer });
  return withTexts(object) as Plain;
}

/** The value of a field of type `bytes`: a plain text there would be read as base64. */
export const raw = (text: string): Buffer => Buffer.from(text, "latin1");

/** Checks what protobufjs lets pass: a name that is no field's, or no enum's; enums may be written as etcd does. */
function named(type: Type, value: Plain): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const field = type.fields[name];
      if (field === undefined) throw new RangeError(`${type.name} has no field ${name}`);
      const { resolvedType } = field.resolve();
      const convert = (plain: unknown): unknown => {
        if (resolvedType instanceof protobuf.Type) return named(resolvedType, plain as Plain);
        if (!(resolvedType instanceof protobuf.Enum) || typeof plain !== "string") return plain;
        return numberOf(resolvedType.values, plain);
      };
      return [name, Array.isArray(one) ? one.map(convert) : convert(one)];
    }),
  );
}

function numberOf(values: Readonly<Record<string, number>>, name: string): number {
  const bare = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const found = Object.entries(values).find(([known]) => bare(known) === bare(name));
  if (found === undefined) throw new RangeError(`${name} is none of ${Object.keys(values).join()}`);
  return found[1];
}

function withTexts(value: unknown): unknown {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array)
    return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTexts(one)]));
}
