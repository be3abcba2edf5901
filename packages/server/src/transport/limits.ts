/** Bounds of the peer port. Tests set smaller ones; the defaults are in the documentation's table. */
export interface TransportLimits {
  /** A connection that has not said a whole hello by then is closed; a handshake of TLS counts in. */
  readonly helloMillis: number;
  /** Connections without a hello yet, and as many in TLS handshakes before; one more closes the oldest. */
  readonly greetingsMax: number;
  /** A frame that has begun must end by then, however fast its bytes trickle. */
  readonly frameMillis: number;
  /** An idle link says so this often... */
  readonly keepAliveMillis: number;
  /** ...and a peer that says nothing for so long, or takes nothing that was sent, is gone. */
  readonly idleMillis: number;
  /**
   * What may wait for each peer and lane, with what it costs to hold it; what is beyond is dropped and counted, as a lossy
   * network would. All that goes over a link is repeated by whoever sent it, or given up at a deadline.
   */
  readonly controlBytesMax: number;
  readonly logBytesMax: number;
  readonly bulkBytesMax: number;
  /** Pace of the bulk lane of one link, so that a snapshot leaves room for the log. */
  readonly bulkBytesPerSecond: number;
  /** Pause before dialling again: doubled from the first to the second at each failure. */
  readonly redialMillisMin: number;
  readonly redialMillisMax: number;
  /** How long a node that starts waits for another of its own id to answer. */
  readonly rollCallMillis: number;
  /** How often deadlines are looked at; they are late by no more. */
  readonly sweepMillis: number;
}

const MIB = 1024 * 1024;

export const TRANSPORT_LIMITS: TransportLimits = {
  helloMillis: 5000,
  greetingsMax: 1024,
  frameMillis: 30_000,
  keepAliveMillis: 3000,
  idleMillis: 15_000,
  controlBytesMax: 4 * MIB,
  logBytesMax: 64 * MIB,
  bulkBytesMax: 16 * MIB,
  bulkBytesPerSecond: 32 * MIB,
  redialMillisMin: 50,
  redialMillisMax: 1000,
  rollCallMillis: 2000,
  sweepMillis: 250,
};
