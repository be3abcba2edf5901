import { randomBytes } from "node:crypto";
import { bodyOf, checkLeaseGrant, EtcdKind } from "@quorate/kernel/etcd";
import { encode, messages } from "@quorate/server";
import type { CallOptions, Calls } from "./calls.ts";
import { QuorateError } from "./errors.ts";
import { decoded, refuse } from "./kv.ts";

export interface Lease {
  readonly id: bigint;
  readonly ttlSeconds: number;
}

/** Lives of keys: what a lease's holder does not renew is deleted. */
export class Leases {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** The time may be longer than asked for: there is a least one. */
  async grant(
    ttlSeconds: number,
    options: CallOptions & { readonly id?: bigint } = {},
  ): Promise<Lease> {
    const request = { TTL: BigInt(Math.ceil(ttlSeconds)), ID: options.id ?? drawId() };
    const body = encode(messages.LeaseGrantRequest, request);
    refuse(checkLeaseGrant(body));
    const value = await this.#calls.write(EtcdKind.leaseGrant, body, options);
    const { ID, TTL } = decoded(messages.LeaseGrantResponse, bodyOf(value));
    return { id: ID, ttlSeconds: Number(TTL) };
  }

  /** Renews it once. Fails with `Rejected` if the lease has ended. */
  async keepAlive(id: bigint, options: CallOptions = {}): Promise<Lease> {
    const body = encode(messages.LeaseKeepAliveRequest, { ID: id });
    const value = await this.#calls.write(EtcdKind.leaseKeepAlive, body, options);
    const { TTL } = decoded(messages.LeaseKeepAliveResponse, bodyOf(value));
    if (TTL === 0n)
      throw new QuorateError("Rejected", true, `there is no lease ${id}: it ended or was revoked`);
    return { id, ttlSeconds: Number(TTL) };
  }

  /** Ends it, and deletes its keys. */
  async revoke(id: bigint, options: CallOptions = {}): Promise<void> {
    const body = encode(messages.LeaseRevokeRequest, { ID: id });
    await this.#calls.write(EtcdKind.leaseRevoke, body, options);
  }
}

/** 63 random bits, never 0. */
const drawId = (): bigint => BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n;
