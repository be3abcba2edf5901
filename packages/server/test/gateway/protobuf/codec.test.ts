import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Malformed } from "@quorate/kernel/core";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import * as messages from "../../../src/gateway/messages/index.ts";
import {
  decode,
  encode,
  fromJson,
  type MessageType,
  onlyKnown,
  toJson,
} from "../../../src/gateway/protobuf/index.ts";

const SEED = 20_260_801;

/** Another implementation of protobuf, reading the schema that the npm client of etcd ships. */
const oracle = protobuf.loadSync(
  join(dirname(createRequire(import.meta.url).resolve("etcd3")), "..", "proto", "rpc.proto"),
);

const types = (Object.values(messages) as readonly unknown[]).filter(
  (value): value is MessageType =>
    typeof value === "object" && value !== null && "byNumber" in value,
);

/** Any message of a type, with every kind of field, to a depth. */
function anyMessage(type: MessageType, depth = 2): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fields) {
    const one = anyValue(field, depth);
    fields[field.name] = field.repeated ? fc.array(one, { maxLength: 3 }) : one;
    if (field.kind !== "message") continue;
    if (field.repeated) {
      if (depth === 0) fields[field.name] = fc.constant([]);
    } else if (depth === 0) fields[field.name] = fc.constant(null);
    else fields[field.name] = fc.option(one);
  }
  return fc.record(fields);
}

function anyValue(field: MessageType["fields"][number], depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "int64":
      return fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
    case "uint64":
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case "uint32":
      return fc.nat(0xffff_ffff);
    case "enum":
      return fc.nat(Math.max(0, field.names.length - 1));
    case "bool":
      return fc.boolean();
    case "string":
      return fc.string({ unit: "grapheme" });
    case "bytes":
      return fc.uint8Array({ maxLength: 20 });
    case "message":
      return depth === 0 || field.nested === null
        ? fc.constant(null)
        : anyMessage(field.nested(), depth - 1);
  }
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === "bigint" ? String(v) : v instanceof Uint8Array ? [...v] : v,
    ),
  );

describe("the table-driven codec", () => {
  it.each(types.map((type) => [type.name, type] as const))(
    "reads back every %s it writes",
    (_, type) => {
      fc.assert(
        fc.property(anyMessage(type), (value) => {
          const bytes = encode(type, value as never);
          expect(plain(decode(type, bytes))).toEqual(plain(value));
          expect(onlyKnown(type, bytes)).toBe(bytes);
        }),
        { seed: SEED, numRuns: 30 },
      );
    },
  );

  it.each(
    types
      .filter((type) => oracle.lookup(type.name) instanceof protobuf.Type)
      .map((type) => [type.name, type, oracle.lookupType(type.name)] as const),
  )("agrees with another implementation on %s", (_, type, other) => {
    fc.assert(
      fc.property(anyMessage(type, 1), (value) => {
        const theirs = other.decode(encode(type, value as never));
        const back = decode(type, new Uint8Array(other.encode(theirs).finish()));
        // Fields newer than the oracle's schema are the ones it may lose.
        for (const field of type.fields) {
          const known = other.fieldsArray.some((one) => one.id === field.number);
          if (!known || field.kind === "message") continue;
          const mine = (back as Record<string, unknown>)[field.name];
          expect(plain(mine), field.name).toEqual(plain(value[field.name]));
        }
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  it("knows for each field the number, and the name apart from case and underscores, of etcd's schema", () => {
    const bare = (name: string): string => name.replaceAll("_", "").toLowerCase();
    for (const type of types) {
      const other = oracle.lookup(type.name);
      if (!(other instanceof protobuf.Type)) continue;
      for (const field of other.fieldsArray) {
        expect(bare(type.byNumber[field.id]?.name ?? "none"), `${type.name}.${field.name}`).toBe(
          bare(field.name),
        );
      }
    }
  });

  it("answers any bytes with a message or with Malformed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...types), (bytes, type) => {
        const known = onlyKnown(type, bytes);
        const value = decode(type, bytes);
        if (!(known instanceof Malformed) && !(value instanceof Malformed)) {
          expect(plain(decode(type, known))).toEqual(plain(value));
        }
      }),
      { seed: SEED, numRuns: 5000 },
    );
  });

  it("refuses a length beyond the end, an endless varint and a field that is cut off", () => {
    for (const hex of ["0aff01", "0a05aa", "18ffffffffffffffffffffff01", "18", "0b", "07", "00"]) {
      expect(decode(messages.PutRequest, Buffer.from(hex, "hex")), hex).toBeInstanceOf(Malformed);
      expect(onlyKnown(messages.PutRequest, Buffer.from(hex, "hex")), hex).toBeInstanceOf(
        Malformed,
      );
    }
  });

  it("refuses transactions that nest too deep instead of exhausting the stack", () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < 400; i++) {
      const op = encode(messages.RequestOp, {});
      const wrapped = Buffer.concat([op, Buffer.from([0x22]), varint(bytes.length), bytes]);
      bytes = Buffer.concat([Buffer.from([0x12]), varint(wrapped.length), wrapped]);
    }
    expect(decode(messages.TxnRequest, bytes)).toBeInstanceOf(Malformed);
    expect(onlyKnown(messages.TxnRequest, bytes)).toBeInstanceOf(Malformed);
  });

  it("takes out unknown fields at every depth and leaves the rest byte for byte", () => {
    const put = encode(messages.PutRequest, { key: Buffer.from("k"), value: Buffer.from("v") });
    const unknown = Buffer.from("f2070161", "hex");
    const want = Buffer.concat([Buffer.from([0x12, put.length]), put]);
    const inner = Buffer.concat([Buffer.from([0x12, put.length + unknown.length]), put, unknown]);
    const given = Buffer.concat([unknown, Buffer.from([0x12, inner.length]), inner, unknown]);
    expect(Buffer.from(onlyKnown(messages.TxnRequest, given) as Uint8Array).toString("hex")).toBe(
      Buffer.concat([Buffer.from([0x12, want.length]), want]).toString("hex"),
    );
  });

  it("treats a field of another wire type as unknown", () => {
    const bytes = Buffer.from("0801120176", "hex");
    expect(decode(messages.PutRequest, bytes)).toMatchObject({ key: new Uint8Array(0) });
    expect(Buffer.from(onlyKnown(messages.PutRequest, bytes) as Uint8Array).toString("hex")).toBe(
      "120176",
    );
  });
});

describe("the JSON mapping", () => {
  it.each(types.map((type) => [type.name, type] as const))(
    "reads back every %s it prints",
    (_, type) => {
      fc.assert(
        fc.property(anyMessage(type), (value) => {
          const back = fromJson(type, toJson(type, value));
          expect(plain(back)).toEqual(plain(value));
        }),
        { seed: SEED, numRuns: 20 },
      );
    },
  );

  it("prints 64-bit integers as strings, bytes in base64, enums by name, and no defaults", () => {
    const event = { type: 1, kv: null, prev_kv: null };
    const header = { cluster_id: (1n << 64n) - 1n, member_id: 0n, revision: -1n, raft_term: 2n };
    const response = {
      header,
      watch_id: 0n,
      created: false,
      canceled: true,
      compact_revision: 0n,
      cancel_reason: "",
      fragment: false,
      events: [event, { ...event, type: 0 }],
    };
    expect(toJson(messages.WatchResponse, response)).toBe(
      '{"header":{"cluster_id":"18446744073709551615","revision":"-1","raft_term":"2"},"canceled":true,"events":[{"type":"DELETE"},{}]}',
    );
    const put = {
      ...(fromJson(messages.PutRequest, "{}") as object),
      key: Buffer.from([0xff, 0xfe]),
    };
    expect(toJson(messages.PutRequest, put as never)).toBe('{"key":"//4="}');
  });

  it("reads integers up to 2^63-1 to the last digit, quoted or raw", () => {
    const most = (1n << 63n) - 1n;
    for (const text of [`{"ID": ${most}, "TTL": "${most}"}`, `{"TTL": ${most}, "ID": "${most}"}`]) {
      expect(fromJson(messages.LeaseGrantRequest, text)).toEqual({ ID: most, TTL: most });
    }
    expect(fromJson(messages.LeaseGrantRequest, `{"ID": ${most + 1n}}`)).toBeInstanceOf(Malformed);
    expect(fromJson(messages.LeaseGrantRequest, '{"ID": 9007199254740993}')).toMatchObject({
      ID: 9007199254740993n,
    });
  });

  it.each([
    ['{"range_end": "YQ=="}', "YQ==", "a proto name"],
    ['{"rangeEnd": "YQ=="}', "YQ==", "a lowerCamelCase name"],
    ['{"rangeEnd": "YQ"}', "YQ==", "base64 without padding"],
    ['{"range_end": null}', "", "null for the default"],
    ['{"nonsense": {"a": [1]}}', "", "an unknown name, ignored"],
  ])("reads %s: %s (%s)", (text, base64) => {
    const range = fromJson(messages.RangeRequest, text);
    expect(range).not.toBeInstanceOf(Malformed);
    expect(Buffer.from((range as { range_end: Uint8Array }).range_end).toString("base64")).toBe(
      base64,
    );
  });

  it.each(
    [
      "[]",
      "3",
      "null",
      "{",
      '{"key": 3}',
      '{"key": "§"}',
      '{"limit": 1.5}',
      '{"limit": "x"}',
      '{"limit": 1e400}',
      `{"limit": ${"9".repeat(1000)}}`,
      '{"sort_order": "SIDEWAYS"}',
      '{"serializable": "true"}',
      `{"a": ${"[".repeat(200_000)}`,
    ].map((text) => [text.slice(0, 40), text] as const),
  )("answers %s with Malformed", (_, text) => {
    expect(fromJson(messages.RangeRequest, text)).toBeInstanceOf(Malformed);
  });

  it("takes enums by number and names with an own __proto__ for what they are", () => {
    expect(
      fromJson(messages.RangeRequest, '{"sort_order": 2, "__proto__": {"limit": 3}}'),
    ).toMatchObject({
      sort_order: 2,
      limit: 0n,
    });
  });
});

function varint(n: number): Buffer {
  const bytes: number[] = [];
  for (; n >= 128; n >>>= 7) bytes.push((n & 127) | 128);
  return Buffer.from([...bytes, n]);
}
