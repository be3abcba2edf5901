import { type Bytes, type Command, decoded, Malformed, Reader, Writer } from "../../core/index.ts";
import { LEASE_COST_BYTES } from "../leases/index.ts";
import type { WireWriter } from "../mvcc/index.ts";
import { leaseGrantFault } from "./check.ts";
import type { Keyspace } from "./keyspace.ts";
import type { EtcdOptions } from "./kinds.ts";
import {
  isRejected,
  LEASE_EXISTS,
  LEASE_NOT_FOUND,
  malformed,
  NO_SPACE,
  type Rejected,
  TOO_MANY_REQUESTS,
} from "./rejected.ts";
import { decode, readLease, readLeaseGrant } from "./requests.ts";

/** Leases that one command ends: more wait for the next. */
export const EXPIRED_LEASES_MAX = 500;

const MILLISECONDS = 1000;

/** LeaseGrant (etcd API, section 10). A lease too short gets the least there is, and the answer says so. */
export function applyGrant(
  keyspace: Keyspace,
  options: EtcdOptions,
  command: Command,
  out: WireWriter,
): Rejected | null {
  const request = decode(readLeaseGrant, command.body);
  if (isRejected(request)) return request;
  const fault = leaseGrantFault(request);
  if (fault !== null) return fault;
  if (!keyspace.hasRoomFor(LEASE_COST_BYTES)) return NO_SPACE;
  if (keyspace.leases.find(request.id) !== null) return LEASE_EXISTS;
  if (keyspace.leases.count >= options.leasesMax) return TOO_MANY_REQUESTS;
  const ttlSeconds = Math.max(request.ttlSeconds, options.leaseTtlSecondsMin);
  keyspace.leases.set(request.id, { ttlSeconds, deadline: command.at + ttlSeconds * MILLISECONDS });
  out.int64(0x10, request.id).uint(0x18, ttlSeconds);
  return null;
}

export function applyRevoke(keyspace: Keyspace, command: Command): Rejected | null {
  const request = decode(readLease, command.body);
  if (isRejected(request)) return request;
  return keyspace.revoke(request.id) ? null : LEASE_NOT_FOUND;
}

/**
 * LeaseKeepAlive: a new deadline from this command's time on. A lease whose deadline has passed is renewed too as
 * long as no command ended it. TTL 0 is the answer for one that is gone.
 */
export function applyKeepAlive(
  keyspace: Keyspace,
  command: Command,
  out: WireWriter,
): Rejected | null {
  const request = decode(readLease, command.body);
  if (isRejected(request)) return request;
  const lease = keyspace.leases.find(request.id);
  out.int64(0x10, request.id);
  if (lease === null) return null;
  const { ttlSeconds } = lease;
  keyspace.leases.set(request.id, { ttlSeconds, deadline: command.at + ttlSeconds * MILLISECONDS });
  out.uint(0x18, ttlSeconds);
  return null;
}

/** LeaseTimeToLive, through the log so that the time is the leader's. TTL -1 is the answer for one that is gone. */
export function applyTimeToLive(
  keyspace: Keyspace,
  command: Command,
  out: WireWriter,
): Rejected | null {
  const request = decode(readLease, command.body);
  if (isRejected(request)) return request;
  const lease = keyspace.leases.find(request.id);
  out.int64(0x10, request.id);
  if (lease === null) {
    out.int64(0x18, -1n);
    return null;
  }
  out.uint(0x18, Math.max(0, Math.floor((lease.deadline - command.at) / MILLISECONDS)));
  out.uint(0x20, lease.ttlSeconds);
  if (request.keys) for (const key of keyspace.leases.keysOf(request.id)) out.latin1(0x2a, key);
  return null;
}

/** What ends the leases whose deadline is not after `at`; null where there is none. */
export function dueLeases(keyspace: Keyspace, at: number): Bytes | null {
  const ids = keyspace.leases.due(at, EXPIRED_LEASES_MAX);
  if (ids.length === 0) return null;
  const body = new Writer(ids.length * 8);
  for (const id of ids) body.u64(BigInt.asUintN(64, id));
  return body.take();
}

/** Ends those of the leases named that are still due by this command's time: a renewal may have come first. */
export function applyExpired(
  keyspace: Keyspace,
  command: Command,
  renewalWins: boolean,
): Rejected | null {
  const ids = decoded(() => readExpired(command.body));
  if (ids instanceof Malformed) return malformed(ids.message);
  for (const id of ids) {
    const lease = keyspace.leases.find(id);
    if (lease !== null && (lease.deadline <= command.at || !renewalWins)) keyspace.revoke(id);
  }
  return null;
}

/** The ids in a command that ends leases. Throws `Malformed`. */
export function readExpired(body: Bytes): bigint[] {
  if (body.length > EXPIRED_LEASES_MAX * 8) throw new Malformed("too many leases");
  const reader = new Reader(body);
  const ids: bigint[] = [];
  while (reader.left > 0) ids.push(BigInt.asIntN(64, reader.u64()));
  return ids;
}
