import { type Failure, fail, type RequestId } from "@quorate/kernel/core";
import { RETRY_AFTER_TICKS } from "./in-flight.ts";
import type { Caller, WatchCaller } from "./port.ts";

export const STOPPED: Failure = { code: "Stopped", definite: true };
export const OVERLOADED: Failure = {
  code: "Overloaded",
  definite: true,
  retryAfterTicks: RETRY_AFTER_TICKS,
};

/** A request or a watch that the host refuses without asking the kernel. */
export type Refused =
  | { readonly id: RequestId; readonly caller: Caller; readonly failure: Failure }
  | { readonly id: RequestId; readonly watcher: WatchCaller; readonly failure: Failure };

/** Refusals are told from a later turn of the event loop, like every answer, never from inside the call. */
export class Refusals {
  readonly #waiting = new Map<RequestId, Refused>();
  #isDue = false;
  /** All there ever were. */
  count = 0;

  add(refused: Refused): void {
    this.count++;
    this.#waiting.set(refused.id, refused);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.answer());
  }

  /** The caller does not want to know any more. */
  withdraw(id: RequestId): void {
    this.#waiting.delete(id);
  }

  /** Who asks again as it is told waits for the next turn; who withdraws another is heeded. */
  answer(): void {
    this.#isDue = false;
    const waiting = [...this.#waiting.values()];
    for (const one of waiting) {
      if (!this.#waiting.delete(one.id)) continue;
      if ("caller" in one) one.caller.onReply(one.id, fail(one.failure), null);
      else one.watcher.onWatchEnded(one.id, { type: "Lost", failure: one.failure });
    }
  }
}
