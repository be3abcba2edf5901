import { type Bytes, Malformed } from "@quorate/kernel/core";
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  EtcdKind,
  type EtcdMachine,
  type Rejected,
} from "@quorate/kernel/etcd";
import { Code, status } from "../grpc/index.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../messages/index.ts";
import { decode, flag } from "../protobuf/index.ts";
import { statusOf } from "./errors.ts";
import { type Exchange, type Service, unreadable } from "./exchange.ts";
import { GatheredRange, StreamedRange } from "./range.ts";
import { readAs } from "./read-mode.ts";

/** Of RangeRequest. */
const SERIALIZABLE_FIELD = 7;

/** `etcdserverpb.KV`. The client's bytes are the command: they are checked, never rebuilt. */
export const KV: readonly Service[] = [
  {
    name: "Range",
    request: RangeRequest,
    lane: "data",
    learnerServes: isSerializable,
    run(exchange, request) {
      openRange(exchange, request, (x, machine) => {
        const cursor = machine.openRange(request);
        if ("code" in cursor) x.fail(statusOf(cursor));
        else new GatheredRange(x, cursor).start();
      });
    },
  },
  {
    name: "RangeStream",
    request: RangeRequest,
    lane: "stream",
    learnerServes: isSerializable,
    streams: true,
    run(exchange, request) {
      const refused = unstreamable(request);
      if (refused !== null) return exchange.fail(status(Code.Unimplemented, refused));
      openRange(exchange, request, (x, machine) => {
        const cursor = machine.openRange(request);
        if ("code" in cursor) x.fail(statusOf(cursor));
        else new StreamedRange(x, cursor).start();
      });
    },
  },
  {
    name: "Put",
    request: PutRequest,
    lane: "data",
    run: (exchange, request) => propose(exchange, EtcdKind.put, request, checkPut(request)),
  },
  {
    name: "DeleteRange",
    request: DeleteRangeRequest,
    lane: "data",
    run: (exchange, request) =>
      propose(exchange, EtcdKind.deleteRange, request, checkDeleteRange(request)),
  },
  {
    name: "Txn",
    request: TxnRequest,
    lane: "data",
    run(exchange, request) {
      const checked = checkTxn(request, exchange.context.options.txnOpsMax);
      if ("code" in checked) return exchange.fail(statusOf(checked));
      if (!checked.readOnly) return exchange.request(EtcdKind.txn, request);
      readAs(exchange, checked.serializable, (machine) => readTxn(exchange, machine, request));
    },
  },
  {
    name: "Compact",
    request: CompactionRequest,
    lane: "data",
    run: (exchange, request) => exchange.request(EtcdKind.compact, request),
  },
];

/** Proposes what passed its check. */
export function propose(
  exchange: Exchange,
  kind: number,
  body: Bytes,
  rejected: Rejected | null,
): void {
  if (rejected !== null) exchange.fail(statusOf(rejected));
  else exchange.request(kind, body);
}

function openRange(
  exchange: Exchange,
  request: Bytes,
  onMachine: (exchange: Exchange, machine: EtcdMachine) => void,
): void {
  const rejected = checkRange(request);
  if (rejected !== null) {
    exchange.fail(statusOf(rejected));
    return;
  }
  readAs(exchange, isSerializable(request), (machine) => onMachine(exchange, machine));
}

function readTxn(exchange: Exchange, machine: EtcdMachine, request: Bytes): void {
  const answer = machine.readTxn(request);
  if ("code" in answer) exchange.fail(statusOf(answer));
  else exchange.reply(answer.revision, answer.body);
}

function isSerializable(request: Bytes): boolean {
  return flag(request, SERIALIZABLE_FIELD);
}

/** Why a range cannot be streamed, in etcd's words; null if it can. */
function unstreamable(request: Bytes): string | null {
  const range = decode(RangeRequest, request);
  if (range instanceof Malformed) return unreadable(range).message;
  const keyAscending = range.sort_target === 0 && range.sort_order !== 2;
  if (!keyAscending) return "RangeStream does not support custom sort orders";
  const filtered =
    range.min_mod_revision !== 0n ||
    range.max_mod_revision !== 0n ||
    range.min_create_revision !== 0n ||
    range.max_create_revision !== 0n;
  return filtered ? "RangeStream does not support revision filters" : null;
}
