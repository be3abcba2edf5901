import { type Bytes, type Command, decoded, Malformed, Reader, Writer } from "../../core/index.ts";
import type { Keyspace } from "./keyspace.ts";
import { malformed, type Rejected } from "./rejected.ts";

/** The body of `setQuota`. */
export const encodeQuota = (quotaBytes: number): Bytes => new Writer(8).uint(quotaBytes).take();

/** From this command on all replicas refuse by the same quota; what is stored already stays, over it or not. */
export function applySetQuota(keyspace: Keyspace, { body }: Command): Rejected | null {
  const quotaBytes = decoded(() => new Reader(body).uint());
  if (quotaBytes instanceof Malformed) return malformed(quotaBytes.message);
  keyspace.quotaBytes = quotaBytes;
  return null;
}
