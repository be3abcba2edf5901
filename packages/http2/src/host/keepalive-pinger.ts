import type { Bytes } from "../protocol/index.ts";

/** When a client asks whether its server is still there. */
export interface PingOptions {
  readonly intervalMs: number;
  /** No answer within this time: the connection is given up. */
  readonly timeoutMs: number;
  /** Servers take pings without a call amiss, so this is off unless it is known that they do not. */
  readonly withoutCalls?: boolean;
}

interface Pinged {
  ping(payload: Bytes): void;
  isIdle(): boolean;
  onDead(): void;
}

const PAYLOAD: Bytes = Uint8Array.from("keepaliv", (c) => c.charCodeAt(0));

/** Pings at an interval, as exactly as ticks come. */
export class KeepalivePinger {
  readonly #options: PingOptions;
  readonly #pinged: Pinged;
  #sentAt = performance.now();
  #awaits = false;

  constructor(options: PingOptions, pinged: Pinged) {
    this.#options = options;
    this.#pinged = pinged;
  }

  onPong(): void {
    this.#awaits = false;
  }

  tick(now: number): void {
    const { intervalMs, timeoutMs, withoutCalls } = this.#options;
    const since = now - this.#sentAt;
    if (this.#awaits) {
      if (since > timeoutMs) this.#pinged.onDead();
      return;
    }
    if (since < intervalMs || (this.#pinged.isIdle() && withoutCalls !== true)) return;
    this.#sentAt = now;
    this.#awaits = true;
    this.#pinged.ping(PAYLOAD);
  }
}
