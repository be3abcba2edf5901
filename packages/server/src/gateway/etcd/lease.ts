import { type Bytes, Malformed } from "@quorate/kernel/core";
import { checkLeaseGrant, EtcdKind } from "@quorate/kernel/etcd";
import {
  LeaseGrantRequest,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
} from "../messages/index.ts";
import { decode, VARINT, WireWriter } from "../protobuf/index.ts";
import type { EtcdContext } from "./context.ts";
import type { Service } from "./exchange.ts";
import { propose } from "./kv.ts";

/** `etcdserverpb.Lease`, but for LeaseKeepAlive, which is a stream of its own kind. */
export const LEASE: readonly Service[] = [
  {
    name: "LeaseGrant",
    request: LeaseGrantRequest,
    lane: "lease",
    run(exchange, request) {
      const withId = chooseId(exchange.context, request);
      propose(exchange, EtcdKind.leaseGrant, withId, checkLeaseGrant(withId));
    },
  },
  {
    name: "LeaseRevoke",
    request: LeaseRevokeRequest,
    lane: "lease",
    run: (exchange, request) => exchange.request(EtcdKind.leaseRevoke, request),
  },
  {
    name: "LeaseTimeToLive",
    request: LeaseTimeToLiveRequest,
    lane: "lease",
    run: (exchange, request) => exchange.request(EtcdKind.leaseTimeToLive, request),
  },
  {
    name: "LeaseLeases",
    request: LeaseLeasesRequest,
    lane: "lease",
    run(exchange) {
      exchange.read("readIndex", (machine) => {
        const header = exchange.context.headers.value(exchange.keyspace, machine.revision);
        exchange.replyWith(LeaseLeasesResponse, {
          header,
          leases: machine.leases().map((ID) => ({ ID })),
        });
      });
    },
  },
];

const ID_FIELD = 2;

/**
 * The request with an id where it has none. The id is drawn here, before the log, because replicas that draw
 * would disagree; a later field of the same number wins, so it is simply appended.
 */
function chooseId(context: EtcdContext, request: Bytes): Bytes {
  const grant = decode(LeaseGrantRequest, request);
  if (grant instanceof Malformed || grant.ID !== 0n) return request;
  return new WireWriter().raw(request).tag(ID_FIELD, VARINT).varint(context.drawId()).take();
}
