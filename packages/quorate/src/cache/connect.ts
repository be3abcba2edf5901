import type { ConnectionOptions } from "node:tls";
import { badArgument } from "../embedded/errors.ts";
import { Cache } from "./cache.ts";
import { endpointOf } from "./endpoints.ts";

/** What a cache is made of. */
export interface CacheOptions {
  /** Client ports of the cluster's members: host:port, or URLs. Those that lead are found through any of them. */
  readonly endpoints: readonly string[];
  /** The keyspace behind the port, if not given. Its profile must grant leases: `etcd` does. */
  readonly keyspace?: string;
  /** With it endpoints without a scheme speak TLS too. */
  readonly tls?: ConnectionOptions;
  /** Keys that are kept at most; 10,000 if not given. */
  readonly entriesMax?: number;
  /** Bytes of keys and values that are kept at most; 64 MiB if not given. */
  readonly bytesMax?: number;
  /** Then a read that nobody answered fails; 5000 if not given. */
  readonly timeoutMillis?: number;
}

/** What metadata can say: anything else would name another keyspace, or none. */
const NAME = /^[\x21-\x7e]+$/;
const ENTRIES_MAX = 10_000;
const BYTES_MAX = 64 << 20;
const TIMEOUT_MILLIS = 5000;
const TIMEOUT_MILLIS_MAX = 86_400_000;

/**
 * A cache over a keyspace: reads of a key cost no message as long as the cache has a lease on it, and show the newest value all the same.
 * Connects at once to a member that answers; rejects with `QuorateError` where none does.
 */
export async function connectCache(options: CacheOptions): Promise<Cache> {
  if (typeof options !== "object" || options === null)
    throw badArgument("a cache needs its options");
  const { keyspace = null, tls = null, endpoints } = options;
  if (!Array.isArray(endpoints) || endpoints.length === 0)
    throw badArgument(
      "a cache needs the client port of a member at least: endpoints: ['host:port']",
    );
  if (!endpoints.every((one) => typeof one === "string"))
    throw badArgument("endpoints are texts: host:port, or URLs");
  if (keyspace !== null && (typeof keyspace !== "string" || !NAME.test(keyspace)))
    throw badArgument(
      `keyspace is a name of printable ASCII without blanks, not ${JSON.stringify(keyspace)}`,
    );
  const cache = new Cache({
    endpoints: endpoints.map((text) => endpointOf(text, tls !== null)),
    stream: { keyspace, tls },
    bounds: {
      entriesMax: within("entriesMax", options.entriesMax ?? ENTRIES_MAX, 1, 10_000_000),
      bytesMax: within("bytesMax", options.bytesMax ?? BYTES_MAX, 0, Number.MAX_SAFE_INTEGER),
    },
    timeoutMillis: within(
      "timeoutMillis",
      options.timeoutMillis ?? TIMEOUT_MILLIS,
      1,
      TIMEOUT_MILLIS_MAX,
    ),
  });
  await cache.connect();
  return cache;
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw badArgument(`${name} is a whole number from ${least} to ${most}, not ${value}`);
}
