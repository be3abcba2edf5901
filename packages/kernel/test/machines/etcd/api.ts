import type { Bytes, Command, LogIndex, Outcome, RequestId } from "../../../src/core/index.ts";
import {
  bodyOf,
  EtcdKind,
  EtcdMachine,
  type EtcdOptions,
  isRejected,
  QUOTA_BYTES_DEFAULT,
  revisionOf,
} from "../../../src/machines/etcd/index.ts";

/** A protobuf encoder and decoder of the tests' own, so that a mistake in the machine's is not mirrored. */
type Field = readonly [number: number, value: number | bigint | string | Bytes];

export function message(...fields: readonly Field[]): Bytes {
  const out: number[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number" || typeof value === "bigint") {
      varint(out, BigInt(number << 3));
      varint(out, BigInt.asUintN(64, BigInt(value)));
    } else {
      const bytes = typeof value === "string" ? latin1Bytes(value) : value;
      varint(out, BigInt((number << 3) | 2));
      varint(out, BigInt(bytes.length));
      for (const byte of bytes) out.push(byte);
    }
  }
  return Uint8Array.from(out);
}

export function fields(bytes: Bytes): readonly Field[] {
  const found: [number, bigint | Bytes][] = [];
  let at = 0;
  const next = (): bigint => {
    let n = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the machine wrote a broken message");
      n |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return n;
    }
  };
  while (at < bytes.length) {
    const tag = Number(next());
    const value = next();
    if ((tag & 7) === 0) found.push([tag >> 3, BigInt.asIntN(64, value)]);
    else {
      found.push([tag >> 3, bytes.subarray(at, at + Number(value))]);
      at += Number(value);
    }
  }
  return found;
}

export const text = (bytes: Bytes): string => String.fromCharCode(...bytes);
export const latin1Bytes = (t: string): Bytes => Uint8Array.from(t, (c) => c.charCodeAt(0));

function varint(out: number[], n: bigint): void {
  for (; n >= 0x80n; n >>= 7n) out.push(Number(n & 0x7fn) | 0x80);
  out.push(Number(n));
}

function number(of: readonly Field[], n: number): number {
  return Number(of.findLast(([i]) => i === n)?.[1] ?? 0);
}

function all(of: readonly Field[], n: number): Bytes[] {
  return of.filter(([i]) => i === n).map(([, value]) => value as Bytes);
}

export interface Kv {
  readonly key: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly value: string;
  readonly lease: number;
}

export function kv(bytes: Bytes): Kv {
  const of = fields(bytes);
  const string = (n: number): string => text(all(of, n)[0] ?? new Uint8Array(0));
  return {
    key: string(1),
    create: number(of, 2),
    mod: number(of, 3),
    version: number(of, 4),
    value: string(5),
    lease: number(of, 6),
  };
}

export interface WatchEvent {
  readonly type: "put" | "delete";
  readonly kv: Kv;
  readonly prev: Kv | null;
}

export function events(part: Bytes): WatchEvent[] {
  return all(fields(part), 11).map((bytes) => {
    const of = fields(bytes);
    const prev = all(of, 3)[0];
    return {
      type: number(of, 1) === 1 ? "delete" : "put",
      kv: kv(all(of, 2)[0] ?? new Uint8Array(0)),
      prev: prev === undefined ? null : kv(prev),
    };
  });
}

export interface RangeAsk {
  readonly key: string;
  readonly end?: string;
  readonly limit?: number;
  readonly revision?: number;
  readonly order?: number;
  readonly target?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minMod?: number;
  readonly maxMod?: number;
  readonly minCreate?: number;
  readonly maxCreate?: number;
  readonly serializable?: boolean;
}

export function rangeRequest(a: RangeAsk): Bytes {
  return message(
    [1, a.key],
    [2, a.end ?? ""],
    [3, a.limit ?? 0],
    [4, a.revision ?? 0],
    [5, a.order ?? 0],
    [6, a.target ?? 0],
    [7, a.serializable ? 1 : 0],
    [8, a.keysOnly ? 1 : 0],
    [9, a.countOnly ? 1 : 0],
    [10, a.minMod ?? 0],
    [11, a.maxMod ?? 0],
    [12, a.minCreate ?? 0],
    [13, a.maxCreate ?? 0],
  );
}

export interface PutAsk {
  readonly key: string;
  readonly value?: string;
  readonly lease?: number | bigint;
  readonly prevKv?: boolean;
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

export function putRequest(a: PutAsk): Bytes {
  return message(
    [1, a.key],
    [2, a.value ?? ""],
    [3, a.lease ?? 0],
    [4, a.prevKv ? 1 : 0],
    [5, a.ignoreValue ? 1 : 0],
    [6, a.ignoreLease ? 1 : 0],
  );
}

export interface DeleteAsk {
  readonly key: string;
  readonly end?: string;
  readonly prevKv?: boolean;
}

export function deleteRequest(a: DeleteAsk): Bytes {
  return message([1, a.key], [2, a.end ?? ""], [3, a.prevKv ? 1 : 0]);
}

export interface CompareAsk {
  readonly result: number;
  readonly target: number;
  readonly key: string;
  readonly end?: string;
  /** Field 4 + target; value for target 3. */
  readonly operand?: number | string;
  readonly operandField?: number;
}

export type OpAsk =
  | { readonly range: RangeAsk }
  | { readonly put: PutAsk }
  | { readonly delete: DeleteAsk }
  | { readonly txn: TxnAsk }
  | { readonly none: true };

export interface TxnAsk {
  readonly compare?: readonly CompareAsk[];
  readonly success?: readonly OpAsk[];
  readonly failure?: readonly OpAsk[];
}

export function txnRequest(a: TxnAsk): Bytes {
  return message(
    ...(a.compare ?? []).map((c): Field => [1, compare(c)]),
    ...(a.success ?? []).map((op): Field => [2, opRequest(op)]),
    ...(a.failure ?? []).map((op): Field => [3, opRequest(op)]),
  );
}

function compare(c: CompareAsk): Bytes {
  const operand: Field[] =
    c.operand === undefined ? [] : [[c.operandField ?? 4 + c.target, c.operand]];
  return message([1, c.result], [2, c.target], [3, c.key], ...operand, [64, c.end ?? ""]);
}

function opRequest(op: OpAsk): Bytes {
  if ("range" in op) return message([1, rangeRequest(op.range)]);
  if ("put" in op) return message([2, putRequest(op.put)]);
  if ("delete" in op) return message([3, deleteRequest(op.delete)]);
  return "txn" in op ? message([4, txnRequest(op.txn)]) : message();
}

export interface RangeAnswer {
  readonly kvs: readonly Kv[];
  readonly more: boolean;
  readonly count: number;
}

export function rangeAnswer(body: Bytes): RangeAnswer {
  const of = fields(body);
  return { kvs: all(of, 2).map(kv), more: number(of, 3) === 1, count: number(of, 4) };
}

export type OpAnswer =
  | { readonly range: RangeAnswer; readonly revision: number }
  | { readonly prev: Kv | null; readonly revision: number }
  | { readonly deleted: number; readonly prevs: readonly Kv[]; readonly revision: number }
  | { readonly txn: TxnAnswer; readonly revision: number };

export interface TxnAnswer {
  readonly succeeded: boolean;
  readonly responses: readonly OpAnswer[];
}

export function txnAnswer(body: Bytes): TxnAnswer {
  const of = fields(body);
  return { succeeded: number(of, 2) === 1, responses: all(of, 3).map(opAnswer) };
}

function opAnswer(bytes: Bytes): OpAnswer {
  const [field] = fields(bytes);
  if (field === undefined) throw new Error("an operation was answered with nothing");
  const [kind, value] = field;
  const body = value as Bytes;
  const of = fields(body);
  const revision = number(fields(all(of, 1)[0] ?? new Uint8Array(0)), 3);
  if (kind === 1) return { range: rangeAnswer(body), revision };
  if (kind === 2) return { ...putAnswer(body), revision };
  return kind === 3 ? { ...deleteAnswer(body), revision } : { txn: txnAnswer(body), revision };
}

export function putAnswer(body: Bytes): { readonly prev: Kv | null } {
  const prev = all(fields(body), 2)[0];
  return { prev: prev === undefined ? null : kv(prev) };
}

export function deleteAnswer(body: Bytes): {
  readonly deleted: number;
  readonly prevs: readonly Kv[];
} {
  const of = fields(body);
  return { deleted: number(of, 2), prevs: all(of, 3).map(kv) };
}

export interface LeaseAnswer {
  readonly id: number;
  readonly ttl: number;
  readonly granted: number;
  readonly keys: readonly string[];
}

export function leaseAnswer(body: Bytes): LeaseAnswer {
  const of = fields(body);
  return {
    id: number(of, 2),
    ttl: number(of, 3),
    granted: number(of, 4),
    keys: all(of, 5).map(text),
  };
}

export const OPTIONS: EtcdOptions = {
  quotaBytes: QUOTA_BYTES_DEFAULT,
  txnOpsMax: 128,
  leaseTtlSecondsMin: 2,
  leasesMax: 1000,
  watchersMax: 1000,
};

/** A machine with a log of its own: every command gets the next index and an origin. */
export class Driver {
  machine: EtcdMachine;
  at = 0;
  #index = 0;

  constructor(options: Partial<EtcdOptions> = {}) {
    this.machine = new EtcdMachine({ ...OPTIONS, ...options });
    this.obey();
  }

  /** Does what the machine wants done of its own accord, as a leader would. */
  obey(): void {
    const due = this.machine.due(this.at);
    if (due !== null) this.run(due.kind, due.body);
  }

  run(kind: number, body: Bytes): Outcome {
    const outcomes = this.runAll([{ kind, body }]);
    return outcomes[0] as Outcome;
  }

  runAll(commands: readonly { readonly kind: number; readonly body: Bytes }[]): Outcome[] {
    const outcomes: Outcome[] = [];
    const batch = commands.map(({ kind, body }): Command => {
      const index = ++this.#index;
      return { index: index as LogIndex, at: this.at, kind, body, origin: index as RequestId };
    });
    this.machine.apply(batch, { result: (_id, outcome) => outcomes.push(outcome) });
    return outcomes;
  }

  /** The body of the answer, or the refusal's text. */
  answer(kind: number, body: Bytes): { readonly revision: number; readonly body: Bytes } | string {
    const outcome = this.run(kind, body);
    if (!outcome.ok) return outcome.code === "Rejected" ? outcome.message : outcome.code;
    return { revision: revisionOf(outcome.value), body: bodyOf(outcome.value) };
  }

  put(ask: PutAsk): { readonly revision: number; readonly prev: Kv | null } | string {
    const a = this.answer(EtcdKind.put, putRequest(ask));
    return typeof a === "string" ? a : { revision: a.revision, ...putAnswer(a.body) };
  }

  delete(
    ask: DeleteAsk,
  ):
    | { readonly revision: number; readonly deleted: number; readonly prevs: readonly Kv[] }
    | string {
    const a = this.answer(EtcdKind.deleteRange, deleteRequest(ask));
    return typeof a === "string" ? a : { revision: a.revision, ...deleteAnswer(a.body) };
  }

  txn(ask: TxnAsk): ({ readonly revision: number } & TxnAnswer) | string {
    const a = this.answer(EtcdKind.txn, txnRequest(ask));
    return typeof a === "string" ? a : { revision: a.revision, ...txnAnswer(a.body) };
  }

  compact(revision: number): { readonly revision: number } | string {
    const a = this.answer(EtcdKind.compact, message([1, revision]));
    return typeof a === "string" ? a : { revision: a.revision };
  }

  grant(id: number | bigint, ttl: number): LeaseAnswer | string {
    return this.#lease(EtcdKind.leaseGrant, message([1, ttl], [2, id]));
  }

  revoke(id: number): { readonly revision: number } | string {
    const a = this.answer(EtcdKind.leaseRevoke, message([1, id]));
    return typeof a === "string" ? a : { revision: a.revision };
  }

  keepAlive(id: number): LeaseAnswer | string {
    return this.#lease(EtcdKind.leaseKeepAlive, message([1, id]));
  }

  timeToLive(id: number): LeaseAnswer | string {
    return this.#lease(EtcdKind.leaseTimeToLive, message([1, id], [2, 1]));
  }

  /** Lets log time pass and ends what is due, as a leader does. */
  pass(milliseconds: number): void {
    this.at += milliseconds;
    for (let due = this.machine.due(this.at); due !== null; due = this.machine.due(this.at)) {
      this.run(due.kind, due.body);
    }
  }

  range(ask: RangeAsk, bytesMax = 1_000_000): RangeAnswer | string {
    const cursor = this.machine.openRange(rangeRequest(ask));
    if (isRejected(cursor)) return cursor.message;
    const parts: Bytes[] = [];
    while (cursor.next(bytesMax, { put: (part) => parts.push(part) }));
    const kvs = parts.flatMap((part) => rangeAnswer(part).kvs);
    const answer = { kvs, more: cursor.more, count: cursor.count };
    cursor.release();
    return answer;
  }

  /** Dumps through a fork and goes on with a machine loaded from that. */
  reload(chunkBytes: number): boolean {
    const loaded = new EtcdMachine(OPTIONS);
    const dump = dumpOf(this.machine, chunkBytes);
    for (let at = 0; at < dump.length; at += chunkBytes)
      loaded.load(dump.subarray(at, at + chunkBytes));
    if (!loaded.loaded()) return false;
    this.machine = loaded;
    return true;
  }

  #lease(kind: number, body: Bytes): LeaseAnswer | string {
    const a = this.answer(kind, body);
    return typeof a === "string" ? a : leaseAnswer(a.body);
  }
}

export function dumpOf(machine: EtcdMachine, bytesMax: number): Bytes {
  const fork = machine.fork();
  const out: number[] = [];
  for (let at: bigint | null = 0n; at !== null; ) {
    at = fork.dump(at, bytesMax, { put: (part) => out.push(...part) });
  }
  fork.release();
  return Uint8Array.from(out);
}
