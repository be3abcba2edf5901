import { type Bytes, Malformed } from "@quorate/kernel/core";
import {
  bodyOf,
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  EtcdKind,
  isRejected,
  type Rejected,
  revisionOf,
} from "@quorate/kernel/etcd";
import { decode, encode, type MessageOf, type MessageType, messages } from "@quorate/server";
import type { CallOptions, Calls } from "./calls.ts";
import { badArgument, errorOf } from "./errors.ts";
import { bytesOf, type Data, type KeyRange, KeyValue, rangeOf } from "./key-value.ts";
import { type Txn, type TxnResult, txnMessage, txnResult } from "./txn.ts";

export interface RangeResult {
  /** The store's revision when it was read. */
  readonly revision: number;
  readonly keyValues: readonly KeyValue[];
  /** The keys in the range, whatever the limit. */
  readonly count: number;
  readonly more: boolean;
}

export interface RangeOptions extends CallOptions {
  /** 0, or not given: all. */
  readonly limit?: number;
  /** As of that revision; not given: now. */
  readonly revision?: number;
}

const TXN_OPS_MAX = 128;

/** Keys and values of the keyspace `default`. Reads are linearizable. Every call fails with a `QuorateError`. */
export class Kv {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** The key's value, or null if there is none. */
  async get(key: Data, options: RangeOptions = {}): Promise<KeyValue | null> {
    const { keyValues } = await this.range(key, options);
    return keyValues[0] ?? null;
  }

  /** In order of their keys. A large range is gathered in slices, from one revision. */
  async range(range: KeyRange, options: RangeOptions = {}): Promise<RangeResult> {
    const { limit = 0, revision = 0 } = options;
    const bounds = { limit: countOf("limit", limit), revision: countOf("revision", revision) };
    const request = { ...rangeOf(range), ...bounds };
    const body = encode(messages.RangeRequest, request);
    refuse(checkRange(body));
    const response = decoded(messages.RangeResponse, await this.#calls.range(body, options));
    const { header, count, more, kvs } = response;
    return {
      revision: Number(header?.revision ?? 0n),
      count: Number(count),
      more,
      keyValues: kvs.map((kv) => new KeyValue(kv)),
    };
  }

  async put(
    key: Data,
    value: Data,
    options: CallOptions & { readonly lease?: bigint } = {},
  ): Promise<{ readonly revision: number }> {
    const request = { key: bytesOf(key), value: bytesOf(value), lease: options.lease ?? 0n };
    const body = encode(messages.PutRequest, request);
    refuse(checkPut(body));
    return { revision: revisionOf(await this.#calls.write(EtcdKind.put, body, options)) };
  }

  async delete(
    range: KeyRange,
    options: CallOptions = {},
  ): Promise<{ readonly revision: number; readonly deleted: number }> {
    const body = encode(messages.DeleteRangeRequest, rangeOf(range));
    refuse(checkDeleteRange(body));
    const value = await this.#calls.write(EtcdKind.deleteRange, body, options);
    const { deleted } = decoded(messages.DeleteRangeResponse, bodyOf(value));
    return { revision: revisionOf(value), deleted: Number(deleted) };
  }

  /** Compares and, in the same step, does one list of operations or the other. */
  async txn(txn: Txn, options: CallOptions = {}): Promise<TxnResult> {
    const body = encode(messages.TxnRequest, txnMessage(txn));
    const checked = checkTxn(body, TXN_OPS_MAX);
    if (isRejected(checked)) throw errorOf(checked);
    const value = await this.#calls.write(EtcdKind.txn, body, options);
    return txnResult(revisionOf(value), decoded(messages.TxnResponse, bodyOf(value)));
  }
}

function countOf(name: string, n: number): bigint {
  if (!Number.isSafeInteger(n) || n < 0)
    throw badArgument(`${name} is ${n}: it is a whole number from 0`);
  return BigInt(n);
}

/** Bytes of the machine's own making: if they do not decode, that is a bug. */
export function decoded<M extends MessageType>(type: M, bytes: Bytes): MessageOf<M> {
  const message = decode(type, bytes);
  if (message instanceof Malformed) throw message;
  return message as MessageOf<M>;
}

export function refuse(rejected: Rejected | null): void {
  if (rejected !== null) throw errorOf(rejected);
}
