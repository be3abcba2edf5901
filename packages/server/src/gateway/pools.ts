import { LISTENER_LIMITS, Pool } from "@quorate/http2";

/** What all connections to a node's client ports hold, whatever they speak; who holds the most makes room (`Pool`). */
export interface Pools {
  /** Answers that are not read. */
  readonly send: Pool;
  /** Requests that are not over. */
  readonly receive: Pool;
}

export interface PoolLimits {
  /** As `ListenerLimits.sendBytesMax`, with what is answered over JSON. */
  readonly sendBytesMax: number;
  /** As `ListenerLimits.receiveBytesMax`, with the bodies of JSON that are not whole. */
  readonly receiveBytesMax: number;
}

export const POOL_LIMITS: PoolLimits = {
  sendBytesMax: LISTENER_LIMITS.sendBytesMax,
  receiveBytesMax: LISTENER_LIMITS.receiveBytesMax,
};

export const poolsOf = ({ sendBytesMax, receiveBytesMax }: PoolLimits): Pools => ({
  send: new Pool(sendBytesMax),
  receive: new Pool(receiveBytesMax),
});
