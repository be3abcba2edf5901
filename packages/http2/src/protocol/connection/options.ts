import type { ConnectionLimits, KeepalivePolicy } from "../limits.ts";
import type { Pool } from "../pool.ts";

export interface ConnectionOptions {
  readonly limits?: ConnectionLimits;
  /** What a server puts up with; null for anything. */
  readonly keepalive?: KeepalivePolicy | null;
  /** The time at which the connection begins. */
  readonly now?: number;
  /** What waits to be sent counts there too, for many connections together. */
  readonly sendPool?: Pool;
  /** So does what a server holds of requests that are not over. */
  readonly receivePool?: Pool;
}
