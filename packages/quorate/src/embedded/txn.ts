import type { MessageOf, messages } from "@quorate/server";
import { bytesOf, type Data, type KeyRange, KeyValue, rangeOf } from "./key-value.ts";

/** A comparison of one key. A key that is not there has version, create and mod revision 0. */
export type Comparison =
  | { readonly key: Data; readonly target: "value"; readonly is: Relation; readonly to: Data }
  | {
      readonly key: Data;
      readonly target: "version" | "createRevision" | "modRevision" | "lease";
      readonly is: Relation;
      readonly to: number | bigint;
    };

export type Relation = "=" | "!=" | "<" | ">";

export type Operation =
  | { readonly type: "put"; readonly key: Data; readonly value: Data; readonly lease?: bigint }
  | { readonly type: "get"; readonly range: KeyRange }
  | { readonly type: "delete"; readonly range: KeyRange };

export interface Txn {
  /** None: `success` is done. */
  readonly compare?: readonly Comparison[];
  /** Done if all comparisons hold. */
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export type OperationResult =
  | { readonly type: "put" }
  | { readonly type: "get"; readonly keyValues: readonly KeyValue[] }
  | { readonly type: "delete"; readonly deleted: number };

export interface TxnResult {
  /** All comparisons held, so `success` was done. */
  readonly succeeded: boolean;
  readonly revision: number;
  readonly results: readonly OperationResult[];
}

type Request = Partial<MessageOf<typeof messages.TxnRequest>>;
type Compare = MessageOf<typeof messages.Compare>;
type Op = MessageOf<typeof messages.RequestOp>;
type Response = MessageOf<typeof messages.TxnResponse>;

export function txnMessage(txn: Txn): Request {
  return {
    compare: (txn.compare ?? []).map(compareMessage) as readonly Compare[],
    success: txn.success.map(operationMessage) as readonly Op[],
    failure: (txn.failure ?? []).map(operationMessage) as readonly Op[],
  };
}

export function txnResult(revision: number, { succeeded, responses }: Response): TxnResult {
  const results = responses.map((response): OperationResult => {
    const { response_range: range, response_delete_range: deleted } = response;
    if (range !== null) return { type: "get", keyValues: range.kvs.map((kv) => new KeyValue(kv)) };
    if (deleted !== null) return { type: "delete", deleted: Number(deleted.deleted) };
    return { type: "put" };
  });
  return { succeeded, revision, results };
}

function compareMessage(comparison: Comparison): Partial<Compare> {
  const common = { key: bytesOf(comparison.key), result: RELATIONS.indexOf(comparison.is) };
  if (comparison.target === "value") return { ...common, target: 3, value: bytesOf(comparison.to) };
  const to = BigInt(comparison.to);
  switch (comparison.target) {
    case "version":
      return { ...common, target: 0, version: to };
    case "createRevision":
      return { ...common, target: 1, create_revision: to };
    case "modRevision":
      return { ...common, target: 2, mod_revision: to };
    case "lease":
      return { ...common, target: 4, lease: to };
  }
}

function operationMessage(operation: Operation): object {
  switch (operation.type) {
    case "put": {
      const { key, value, lease = 0n } = operation;
      return { request_put: { key: bytesOf(key), value: bytesOf(value), lease } };
    }
    case "get":
      return { request_range: rangeOf(operation.range) };
    case "delete":
      return { request_delete_range: rangeOf(operation.range) };
  }
}

/** By the numbers of `Compare.CompareResult`. */
const RELATIONS: readonly Relation[] = ["=", ">", "<", "!="];
