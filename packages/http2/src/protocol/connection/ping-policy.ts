import type { KeepalivePolicy } from "../limits.ts";

/** What a server allows without any stream (gRPC's proposal A8). */
const WITHOUT_STREAM_MS = 2 * 3600 * 1000;

/** A server's patience with keepalive pings. */
export class PingPolicy {
  readonly #policy: KeepalivePolicy;
  #lastAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;

  constructor(policy: KeepalivePolicy) {
    this.#policy = policy;
  }

  /** Something went out on a stream: pings that answer it (clients measure bandwidth so) are no misuse. */
  forgive(): void {
    this.#strikes = 0;
    this.#lastAt = Number.NEGATIVE_INFINITY;
  }

  /** False where this ping is one too many. */
  onPing(now: number, streams: number): boolean {
    const { pingIntervalMsMin, pingWithoutStream, pingStrikesMax } = this.#policy;
    const idle = streams === 0 && !pingWithoutStream;
    const interval = idle ? WITHOUT_STREAM_MS : pingIntervalMsMin;
    if (now - this.#lastAt < interval) this.#strikes++;
    this.#lastAt = now;
    return this.#strikes <= pingStrikesMax;
  }
}
