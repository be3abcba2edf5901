import { type Bytes, nodeId } from "@quorate/kernel/core";
import type { EtcdMachine, HashCursor } from "@quorate/kernel/etcd";
import { Code, status } from "../grpc/index.ts";
import {
  ALARM_TYPES,
  AlarmRequest,
  AlarmResponse,
  DefragmentRequest,
  DowngradeRequest,
  HashKVRequest,
  HashKVResponse,
  HashRequest,
  HashResponse,
  MoveLeaderRequest,
  SnapshotRequest,
  StatusRequest,
  StatusResponse,
} from "../messages/index.ts";
import { type Alarm, alarmsOf } from "./alarms.ts";
import { read } from "./cluster.ts";
import { Refusal, statusOf } from "./errors.ts";
import type { Exchange, LongWork, Service } from "./exchange.ts";
import { machineOf } from "./header.ts";
import { memberId } from "./members.ts";
import type { Slice } from "./slices.ts";

/** `etcdserverpb.Maintenance`, which speaks of the member it is asked on. */
export const MAINTENANCE: readonly Service[] = [
  { name: "Alarm", request: AlarmRequest, lane: "control", run: alarm },
  {
    name: "Status",
    request: StatusRequest,
    lane: "control",
    learnerServes: () => true,
    run: memberStatus,
  },
  /** Slabs are compacted all the time, in slices, so there is nothing to wait for. */
  {
    name: "Defragment",
    request: DefragmentRequest,
    lane: "control",
    run: (exchange) => exchange.replyEmpty(),
  },
  { name: "Hash", request: HashRequest, lane: "control", run: hash },
  { name: "HashKV", request: HashKVRequest, lane: "control", run: hashKv },
  {
    name: "Snapshot",
    request: SnapshotRequest,
    lane: "control",
    streams: true,
    learnerServes: () => true,
    run: (exchange) => exchange.fail(NO_SNAPSHOT),
  },
  { name: "MoveLeader", request: MoveLeaderRequest, lane: "control", run: moveLeader },
  {
    name: "Downgrade",
    request: DowngradeRequest,
    lane: "control",
    run: (exchange) => exchange.fail(NO_DOWNGRADE),
  },
];

const NO_SNAPSHOT = status(
  Code.Unimplemented,
  "quorate: Snapshot would have to send a bbolt file, which this server does not have; copy a member's data directory instead",
);
const NO_DOWNGRADE = status(
  Code.Unimplemented,
  "quorate: Downgrade is not offered; a release reads its own formats and the previous one's",
);
const NO_ALARM_CHANGE = status(
  Code.Unimplemented,
  "quorate: alarms cannot be activated by hand; they come and go with their causes",
);

const DEACTIVATE = 2;
const ACTIVATE = 1;

/** An alarm ends with its cause, so disarming finds either none or one that would be raised again at once. */
function alarm(exchange: Exchange, bytes: Bytes): void {
  const request = read(exchange, AlarmRequest, bytes);
  if (request === null) return;
  const { context, keyspace } = exchange;
  if (request.action === ACTIVATE && request.alarm !== 0) {
    exchange.fail(NO_ALARM_CHANGE);
    return;
  }
  const raised =
    request.action === ACTIVATE || request.action === DEACTIVATE
      ? []
      : alarmsOf(context.port, keyspace);
  const alarms = raised.filter((one) => request.alarm === 0 || one.alarm === request.alarm);
  const header = context.headers.value(keyspace, context.headers.currentRevision(keyspace));
  exchange.replyWith(AlarmResponse, { header, alarms });
}

/** Local and without a quorum: it is how an operator looks at a member that has none. */
function memberStatus(exchange: Exchange): void {
  const { context, keyspace } = exchange;
  const { port, options, headers } = context;
  const group = port.groupOf(keyspace);
  const machine = machineOf(port, keyspace);
  const leader = group?.leader ?? null;
  const errors = alarmsOf(port, keyspace).map(alarmText);
  if (leader === null) errors.unshift(Refusal.noLeader.message);
  exchange.replyWith(StatusResponse, {
    header: headers.value(keyspace, machine?.revision ?? 0),
    version: options.version,
    // etcdctl divides by it.
    dbSize: BigInt(Math.max(1, machine?.bytesAllocated ?? 0)),
    leader: leader ?? 0n,
    raftIndex: BigInt(group?.commitIndex ?? 0),
    raftTerm: BigInt(group?.term ?? 0),
    raftAppliedIndex: BigInt(group?.appliedIndex ?? 0),
    errors,
    dbSizeInUse: BigInt(machine?.bytesInUse ?? 0),
    isLearner: group?.role === "learner",
    storageVersion: options.storageVersion,
    dbSizeQuota: BigInt(machine?.quotaBytes ?? 0),
    downgradeInfo: { enabled: false, targetVersion: "" },
  });
}

/** The text form of etcd's AlarmMember, trailing blank included. */
const alarmText = ({ memberID, alarm: type }: Alarm): string =>
  `memberID:${memberID} alarm:${ALARM_TYPES[type]} `;

/** Of the whole state as it stands here; replicas at one position agree on it. */
function hash(exchange: Exchange): void {
  exchange.read("local", (machine) => {
    const header = exchange.context.headers.value(exchange.keyspace, machine.revision);
    exchange.replyWith(HashResponse, { header, hash: Number(BigInt.asUintN(32, machine.hash())) });
  });
}

function hashKv(exchange: Exchange, bytes: Bytes): void {
  const request = read(exchange, HashKVRequest, bytes);
  if (request === null) return;
  exchange.read("local", (machine) => {
    const cursor = machine.hashKv(Number(request.revision));
    if ("code" in cursor) exchange.fail(statusOf(cursor));
    else new KvHash(exchange, machine, cursor).start();
  });
}

class KvHash implements Slice, LongWork {
  readonly #exchange: Exchange;
  /** The store's revision when the hash began. */
  readonly #revision: number;
  readonly #cursor: HashCursor;
  #released = false;

  constructor(exchange: Exchange, machine: EtcdMachine, cursor: HashCursor) {
    this.#exchange = exchange;
    this.#revision = machine.revision;
    this.#cursor = cursor;
  }

  start(): void {
    this.#exchange.workOn(this);
    if (this.step()) this.#exchange.context.slices.add(this);
  }

  step(): boolean {
    const { context, keyspace } = this.#exchange;
    if (this.#cursor.next(context.options.hashOpsPerSlice)) return true;
    this.#exchange.replyWith(HashKVResponse, {
      header: context.headers.value(keyspace, this.#revision),
      hash: this.#cursor.hash,
      compact_revision: BigInt(this.#cursor.compactRevision),
      hash_revision: BigInt(this.#cursor.hashRevision),
    });
    return false;
  }

  onDrain(): void {}

  abandon(): void {
    if (this.#released) return;
    this.#released = true;
    this.#exchange.context.slices.remove(this);
    this.#cursor.release();
  }
}

function moveLeader(exchange: Exchange, bytes: Bytes): void {
  const request = read(exchange, MoveLeaderRequest, bytes);
  if (request === null) return;
  const { port } = exchange.context;
  const { keyspace } = exchange;
  if (port.groupOf(keyspace)?.role !== "leader") {
    exchange.fail(Refusal.notLeader);
    return;
  }
  const target = memberId(request.targetID);
  if (target === null) {
    exchange.fail(Refusal.badTransferee);
    return;
  }
  exchange.ask(
    (caller, deadline) => port.moveLeader(caller, keyspace, nodeId(target), deadline),
    () => exchange.replyEmpty(),
    Refusal.transferTimeout,
  );
}
