import {
  type Bytes,
  type Command,
  fail,
  type Machine,
  type MachineFork,
  type Outcome,
  Reader,
  type Results,
  succeed,
  type WatchSource,
  type Writes,
} from "../../core/index.ts";
import { WireWriter } from "../mvcc/index.ts";
import { deleteRangeFault, isReadOnly, putFault, txnFault } from "./check.ts";
import { EtcdFork } from "./fork.ts";
import { type HashCursor, openHash } from "./hash-kv.ts";
import { Keyspace, putCostBytes } from "./keyspace.ts";
import { EtcdKind, type EtcdOptions } from "./kinds.ts";
import {
  applyExpired,
  applyGrant,
  applyKeepAlive,
  applyRevoke,
  applyTimeToLive,
  dueLeases,
} from "./lease-commands.ts";
import { Loader } from "./load.ts";
import { applySetQuota, encodeQuota } from "./quota.ts";
import { openRange, type RangeCursor } from "./range.ts";
import {
  COMPACTED,
  FUTURE_REVISION,
  isRejected,
  malformed,
  NO_SPACE,
  NOT_READ_ONLY,
  type Rejected,
} from "./rejected.ts";
import { decode, readCompaction, readDeleteRange, readPut, readTxn } from "./requests.ts";
import { ALL_ETCD_RULES, type EtcdRules } from "./rules.ts";
import { chooseTxn, chosenFault, runTxn, txnCostBytes, writeDeleted, writePut } from "./txn.ts";
import { EtcdWatches } from "./watches.ts";
import { writesOf } from "./writes.ts";

/** The least a put costs: below this there is room for none. */
const PUT_COST_BYTES_MIN = putCostBytes(new Uint8Array(1), new Uint8Array(0));
const REVISION_BYTES = 8;

/**
 * The etcd v3 data model as a state machine: keys with versions, transactions, compaction, watches and leases.
 * Commands carry the client's own protobuf bytes; a result is the revision in 8 bytes, then the fields of the
 * response behind its header, which the gateway puts in front.
 */
export class EtcdMachine implements Machine {
  readonly #options: EtcdOptions;
  readonly #rules: EtcdRules;
  #keyspace = new Keyspace();
  #watches: EtcdWatches;
  #loader: Loader | null = null;
  /** What the write cost that was refused last; not replicated, and forgotten by a restart. */
  #refusedBytes = 0;
  readonly #answers = new WireWriter();

  constructor(options: EtcdOptions, rules: EtcdRules = ALL_ETCD_RULES) {
    this.#options = options;
    this.#rules = rules;
    this.#watches = new EtcdWatches(this.#keyspace.store, options.watchersMax, rules);
  }

  get revision(): number {
    return this.#keyspace.store.revision;
  }

  /** Reads below it fail; -1 as long as nothing was compacted. */
  get compactRevision(): number {
    return this.#keyspace.store.compactRevision;
  }

  get keyCount(): number {
    return this.#keyspace.store.live.size;
  }

  get leaseCount(): number {
    return this.#keyspace.leases.count;
  }

  /** What all that can be read costs against the quota: equal on replicas. */
  get bytesInUse(): number {
    return this.#keyspace.bytesInUse;
  }

  /** Memory held for versions, with what was not reclaimed yet: differs between replicas. */
  get bytesAllocated(): number {
    return this.#keyspace.store.bytesAllocated;
  }

  /** The room that all members hold to, whatever this one is configured with. */
  get quotaBytes(): number {
    return this.#keyspace.quotaBytes;
  }

  /**
   * What was last refused for want of room would be refused again, or even the smallest put (alarm NOSPACE). Deletes and
   * compaction make room, and it ends.
   */
  get overQuota(): boolean {
    return !this.#keyspace.hasRoomFor(Math.max(PUT_COST_BYTES_MIN, this.#refusedBytes));
  }

  get watches(): WatchSource {
    return this.#watches;
  }

  apply(commands: readonly Command[], out: Results): void {
    for (const command of commands) {
      const outcome = this.#applyOne(command);
      if (command.origin !== null) out.result(command.origin, outcome);
    }
  }

  /** Answers RangeRequest bytes from this state. */
  openRange(request: Bytes): RangeCursor | Rejected {
    return openRange(this.#keyspace.store, request, this.#answers);
  }

  /** Evaluates a transaction of nothing but ranges, without the log; its body is that of a TxnResponse. */
  readTxn(request: Bytes): { readonly revision: number; readonly body: Bytes } | Rejected {
    const txn = decode(readTxn, request);
    if (isRejected(txn)) return txn;
    const fault = txnFault(txn, this.#options.txnOpsMax);
    if (fault !== null) return fault;
    if (!isReadOnly(txn)) return NOT_READ_ONLY;
    const chosen = chooseTxn(this.#keyspace, txn);
    const refused = chosenFault(this.#keyspace, chosen);
    if (refused !== null) return refused;
    runTxn(this.#keyspace, chosen, this.#answers);
    return { revision: this.revision, body: this.#answers.take() };
  }

  /** The ids of all leases, those that expire first in front. */
  leases(): readonly bigint[] {
    return this.#keyspace.leases.ids();
  }

  /** Hashes the keys and their history up to `revision` (0: the current one). */
  hashKv(revision: number): HashCursor | Rejected {
    return openHash(this.#keyspace.store, revision);
  }

  fork(): MachineFork {
    return new EtcdFork(this.#keyspace.fork());
  }

  load(chunk: Bytes): void {
    this.#loader ??= new Loader();
    this.#loader.load(chunk);
  }

  loaded(): boolean {
    const keyspace = this.#loader?.end() ?? null;
    this.#loader = null;
    if (keyspace === null) return false;
    this.#keyspace = keyspace;
    this.#watches = new EtcdWatches(keyspace.store, this.#options.watchersMax, this.#rules);
    return true;
  }

  hash(): bigint {
    return this.#keyspace.hash();
  }

  tidy(budgetOps: number): boolean {
    return this.#keyspace.store.tidy(budgetOps);
  }

  dueAt(): number | null {
    return this.#wantsQuota ? 0 : this.#keyspace.leases.dueAt();
  }

  /** etcd's API knows one keyspace. */
  call(): null {
    return null;
  }

  writes(kind: number, body: Bytes): Writes {
    return writesOf(this.#keyspace, kind, body);
  }

  due(at: number): { readonly kind: number; readonly body: Bytes } | null {
    if (this.#wantsQuota)
      return { kind: EtcdKind.setQuota, body: encodeQuota(this.#options.quotaBytes) };
    const body = dueLeases(this.#keyspace, at);
    return body === null ? null : { kind: EtcdKind.leasesExpired, body };
  }

  #hasRoomFor(costBytes: number): boolean {
    if (this.#keyspace.hasRoomFor(costBytes)) return true;
    // What is larger than the quota itself can never be done: no deletion would end its alarm.
    if (costBytes < this.#keyspace.quotaBytes) this.#refusedBytes = costBytes;
    return false;
  }

  get #wantsQuota(): boolean {
    return this.#keyspace.quotaBytes !== this.#options.quotaBytes;
  }

  #applyOne(command: Command): Outcome {
    const out = this.#answers.fixed64(0);
    const rejected = this.#dispatch(command, out);
    const value = out.patchFixed64(this.revision).take();
    return rejected === null ? succeed(value) : fail(rejected);
  }

  /** Runs one command and writes the body of its response; nothing has changed where it is refused. */
  #dispatch(command: Command, out: WireWriter): Rejected | null {
    // Where nobody waits for the answer, which is every node but one, it is not written.
    const answer = command.origin === null ? null : out;
    switch (command.kind) {
      case EtcdKind.put:
        return this.#put(command.body, answer);
      case EtcdKind.deleteRange:
        return this.#deleteRange(command.body, answer);
      case EtcdKind.txn:
        return this.#txn(command.body, answer);
      case EtcdKind.compact:
        return this.#compact(command.body);
      case EtcdKind.leaseGrant:
        return applyGrant(this.#keyspace, this.#options, command, out);
      case EtcdKind.leaseRevoke:
        return applyRevoke(this.#keyspace, command);
      case EtcdKind.leaseKeepAlive:
        return applyKeepAlive(this.#keyspace, command, out);
      case EtcdKind.leasesExpired:
        return applyExpired(this.#keyspace, command, this.#rules.renewalWins);
      case EtcdKind.leaseTimeToLive:
        return applyTimeToLive(this.#keyspace, command, out);
      case EtcdKind.setQuota:
        return applySetQuota(this.#keyspace, command);
      default:
        return malformed(`a command of unknown kind ${command.kind}`);
    }
  }

  #put(body: Bytes, out: WireWriter | null): Rejected | null {
    const request = decode(readPut, body);
    if (isRejected(request)) return request;
    const fault = putFault(request);
    if (fault !== null) return fault;
    if (!this.#hasRoomFor(putCostBytes(request.key, request.value))) return NO_SPACE;
    const refused = this.#keyspace.putFault(request);
    if (refused !== null) return refused;
    const previous = this.#keyspace.put(request);
    if (out !== null) writePut(request, previous, out);
    this.#keyspace.store.commit();
    return null;
  }

  #deleteRange(body: Bytes, out: WireWriter | null): Rejected | null {
    const request = decode(readDeleteRange, body);
    if (isRejected(request)) return request;
    const fault = deleteRangeFault(request);
    if (fault !== null) return fault;
    const deleted = this.#keyspace.deleteRange(request);
    if (out !== null) writeDeleted(request, deleted, out);
    this.#keyspace.store.commit();
    return null;
  }

  #txn(body: Bytes, out: WireWriter | null): Rejected | null {
    const request = decode(readTxn, body);
    if (isRejected(request)) return request;
    const fault = txnFault(request, this.#options.txnOpsMax);
    if (fault !== null) return fault;
    const cost = txnCostBytes(request);
    if (cost > 0 && !this.#hasRoomFor(cost)) return NO_SPACE;
    const chosen = chooseTxn(this.#keyspace, request);
    const refused = chosenFault(this.#keyspace, chosen);
    if (refused !== null) return refused;
    runTxn(this.#keyspace, chosen, out);
    this.#keyspace.store.commit();
    return null;
  }

  #compact(body: Bytes): Rejected | null {
    const request = decode(readCompaction, body);
    if (isRejected(request)) return request;
    const { store } = this.#keyspace;
    if (request.revision <= store.compactRevision) return COMPACTED;
    if (request.revision > store.revision) return FUTURE_REVISION;
    if (this.#rules.compactionTellsWatchers) this.#watches.beforeCompaction(request.revision);
    store.compact(request.revision);
    return null;
  }
}

/** The revision of the store after the command whose result this is. */
export function revisionOf(value: Bytes): number {
  return new Reader(value).uint();
}

/** The fields of the response behind its header. */
export function bodyOf(value: Bytes): Bytes {
  return value.subarray(REVISION_BYTES);
}
