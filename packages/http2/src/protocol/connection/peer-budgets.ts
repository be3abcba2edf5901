import { ErrorCode } from "../frames/index.ts";
import type { ConnectionLimits } from "../limits.ts";
import { Budget, type Clock } from "./budget.ts";

/**
 * How often the peer may do what costs us something and gets nobody anywhere. Each of the questions counts once more; false has
 * ended the connection with ENHANCE_YOUR_CALM.
 */
export class PeerBudgets {
  readonly #settings: Budget;
  readonly #idle: Budget;
  readonly #resets: Budget;
  readonly #pings: Budget;
  readonly #fail: (code: number, reason: string) => void;

  constructor(
    limits: ConnectionLimits,
    clock: Clock,
    fail: (code: number, reason: string) => void,
  ) {
    this.#settings = new Budget(limits.settings, clock);
    this.#idle = new Budget(limits.idleFrames, clock);
    this.#resets = new Budget(limits.resets, clock);
    this.#pings = new Budget(limits.pings, clock);
    this.#fail = fail;
  }

  /** SETTINGS, with so many entries. */
  settings(entries: number, entriesMax: number): boolean {
    return this.#allowed(this.#settings.spend() && entries <= entriesMax, "too many SETTINGS");
  }

  ping(): boolean {
    return this.#allowed(this.#pings.spend(), "too many PINGs");
  }

  /** A frame that moved nothing. */
  idle(): boolean {
    return this.#allowed(this.#idle.spend(), "too many frames that move nothing");
  }

  /** A reset stream costs its opener little and us much: counts those that end so, whoever resets them. */
  reset(): boolean {
    return this.#allowed(this.#resets.spend(), "too many streams are reset");
  }

  /** So many HEADERS or DATA frames of ours have left, and a ping may answer each. */
  allowPings(more: number): void {
    this.#pings.allow(more);
  }

  /** A stream has come to a good end: who has many of them may also have some that do not. */
  forgive(): void {
    this.#resets.allow(1);
    this.#idle.allow(1);
  }

  #allowed(isAllowed: boolean, reason: string): boolean {
    if (!isAllowed) this.#fail(ErrorCode.EnhanceYourCalm, reason);
    return isAllowed;
  }
}
