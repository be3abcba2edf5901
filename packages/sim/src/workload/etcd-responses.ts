import { type Bytes, latin1 } from "@quorate/kernel/core";

/** Whether a TxnResponse's body says that the comparison held: field 2, a varint. */
export const succeededIn = (body: Bytes): boolean => body[0] === 0x10 && body[1] === 1;

/** The value in an encoded `kvs` field of a RangeResponse, as text. */
export function valueInKvs(part: Bytes): string {
  const [kvs] = fieldsOf(part);
  return kvs === undefined ? "" : latin1(keyValueOf(kvs.bytes).value);
}

/** How often the key has been written since it was created, in such a field. */
export function versionInKvs(part: Bytes): number {
  const [kvs] = fieldsOf(part);
  return kvs === undefined ? 0 : keyValueOf(kvs.bytes).version;
}

/** A change as a watcher was told of it. */
export interface WatchedChange {
  readonly revision: number;
  readonly key: string;
  /** Null where the key was deleted. */
  readonly value: string | null;
}

/** The changes in the encoded `events` fields of a WatchResponse, in order. */
export function changesIn(part: Bytes): readonly WatchedChange[] {
  return fieldsOf(part)
    .filter(({ number }) => number === 11)
    .map(({ bytes }) => {
      const event = fieldsOf(bytes);
      const deleted = event.some(({ number, value }) => number === 1 && value === 1);
      const kv = event.find(({ number }) => number === 2);
      const { key, value, revision } = keyValueOf(kv?.bytes ?? new Uint8Array(0));
      return { revision, key: latin1(key), value: deleted ? null : latin1(value) };
    });
}

interface Field {
  readonly number: number;
  /** Of a varint. */
  readonly value: number;
  /** Of a length-delimited field. */
  readonly bytes: Bytes;
}

const NOTHING = new Uint8Array(0);

function fieldsOf(bytes: Bytes): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = readVarint(bytes, at);
    const [value, next] = readVarint(bytes, afterTag);
    const delimited = (tag & 7) === 2;
    at = delimited ? next + value : next;
    fields.push({
      number: tag >> 3,
      value: delimited ? 0 : value,
      bytes: delimited ? bytes.subarray(next, at) : NOTHING,
    });
  }
  return fields;
}

function keyValueOf(bytes: Bytes): {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly revision: number;
  readonly version: number;
} {
  const fields = fieldsOf(bytes);
  const find = (wanted: number): Field | undefined =>
    fields.find(({ number }) => number === wanted);
  return {
    key: find(1)?.bytes ?? NOTHING,
    value: find(5)?.bytes ?? NOTHING,
    revision: find(3)?.value ?? 0,
    version: find(4)?.value ?? 0,
  };
}

function readVarint(bytes: Bytes, at: number): readonly [value: number, next: number] {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    const byte = bytes[i] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, i + 1];
    scale *= 128;
  }
}

/** The time to live in a LeaseKeepAliveResponse's body, in seconds: 0 for a lease that is gone. */
export function ttlIn(body: Bytes): number {
  const ttl = fieldsOf(body).find(({ number }) => number === 3);
  return ttl === undefined ? 0 : Number(ttl.value);
}
