import type { GrpcClient } from "@quorate/http2";
import { decode, encode, messages } from "@quorate/server";
import { Fields } from "./fields.ts";

const TTL_SECONDS = 600n;
const KEEP_ALIVE = "/etcdserverpb.Lease/LeaseKeepAlive";
const GRANT = "/etcdserverpb.Lease/LeaseGrant";

/**
 * Leases that are each renewed over and over, on a stream of its own: so many renewals are in flight. Answers how many were
 * granted; one of a lease that is not there would be answered with a TTL of zero, and ends the load.
 */
export async function keepAlives(
  clients: readonly GrpcClient[],
  inFlight: number,
  seconds: number,
): Promise<number> {
  const leases = await Promise.all(
    Array.from({ length: inFlight }, (_, i) => grant(clientOf(clients, i))),
  );
  const until = performance.now() + seconds * 1000;
  const renewed = await Promise.all(
    leases.map((lease, i) => renew(clientOf(clients, i), lease, until)),
  );
  return renewed.reduce((sum, count) => sum + count, 0);
}

function clientOf(clients: readonly GrpcClient[], index: number): GrpcClient {
  const client = clients[index % clients.length];
  if (client === undefined) throw new RangeError("no client");
  return client;
}

async function grant(client: GrpcClient): Promise<bigint> {
  const request = encode(messages.LeaseGrantRequest, { TTL: TTL_SECONDS });
  const answer = decode(
    messages.LeaseGrantResponse,
    await client.unary(client.method(GRANT), request),
  );
  if (!("ID" in answer)) throw answer;
  return answer.ID;
}

function renew(client: GrpcClient, lease: bigint, until: number): Promise<number> {
  const request = [encode(messages.LeaseKeepAliveRequest, { ID: lease })];
  return new Promise((resolve, reject) => {
    let renewed = 0;
    const call = client.start(client.method(KEEP_ALIVE), {
      onMessage(message) {
        if (!hasTtl(message)) return reject(new Error(`lease ${lease} is not renewed`));
        renewed++;
        if (performance.now() < until) call.write(request);
        else call.halfClose();
      },
      onEnd({ status }) {
        if (status.code === 0) resolve(renewed);
        else reject(new Error(`keep-alive: ${status.code} ${status.message}`));
      },
    });
    call.write(request);
  });
}

/** Left out, which is zero, where the lease is not there. */
const TTL = 3;

function hasTtl(message: Uint8Array): boolean {
  const fields = new Fields(message);
  while (fields.next(message.length)) {
    if (fields.field === TTL) return fields.varint() > 0;
    fields.skip();
  }
  return false;
}
