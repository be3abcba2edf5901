import { type Bytes, concat, utf8 } from "@quorate/kernel/core";

/** The few requests that workloads make, in etcd's protobuf (reference §3): small enough to write by hand. */
export const putRequest = (key: string, value: string, lease = 0): Bytes =>
  message(field(1, utf8(key)), field(2, utf8(value)), lease === 0 ? [] : varintField(3, lease));

export const rangeRequest = (key: string): Bytes => message(field(1, utf8(key)));

export const deleteRequest = (key: string): Bytes => message(field(1, utf8(key)));

export const leaseGrantRequest = (id: number, ttlSeconds: number): Bytes =>
  message(varintField(1, ttlSeconds), varintField(2, id));

export const leaseKeepAliveRequest = (id: number): Bytes => message(varintField(1, id));

/** All keys in [key, end), from that revision on. */
export const watchRequest = (key: string, end: string, startRevision: number): Bytes =>
  message(field(1, utf8(key)), field(2, utf8(end)), varintField(3, startRevision));

export const compactRequest = (revision: number): Bytes => message(varintField(1, revision));

/** If the value of `key` is `from` (null: the key does not exist), then put `to`. */
export function compareAndPut(key: string, from: string | null, to: string): Bytes {
  const EQUAL = varintField(1, 0);
  const compare =
    from === null
      ? message(EQUAL, varintField(2, 1), field(3, utf8(key)), varintField(5, 0))
      : message(EQUAL, varintField(2, 3), field(3, utf8(key)), field(7, utf8(from)));
  const put = message(field(2, putRequest(key, to)));
  return message(field(1, compare), field(2, put));
}

const message = (...fields: readonly (readonly number[])[]): Bytes =>
  fields.length === 1 ? bytesOf(fields[0] ?? []) : concat(fields.map(bytesOf));

function bytesOf(numbers: readonly number[]): Bytes {
  const bytes = new Uint8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) bytes[i] = numbers[i] ?? 0;
  return bytes;
}

function field(number: number, bytes: Bytes): readonly number[] {
  const out = [(number << 3) | 2, ...varint(bytes.length)];
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i] ?? 0);
  return out;
}

const varintField = (number: number, value: number): readonly number[] => [
  number << 3,
  ...varint(value),
];

function varint(value: number): readonly number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...out, rest];
}
