import type { JournalSeq } from "@quorate/kernel/core";
import type { NodeEffect } from "@quorate/kernel/replica";

/** Effects that may have to wait until the journal is durable. */
export type Outgoing = Extract<NodeEffect, { readonly type: "Frame" | "Reply" }>;

/**
 * Frames that wait for a sync beyond this many effects are dropped, as a network may do; replies are not, and are
 * bounded by the requests in flight. It is reached only where a sync hangs for seconds.
 */
export const OUTBOX_EFFECTS_MAX = 65_536;

/**
 * The one queue of everything that waits for stable storage: no closure and no list per group. First in, first
 * out, so an effect may wait for one before it that needs a later record; both are in the same batch or the next.
 */
export class Outbox {
  readonly #release: (effect: Outgoing) => void;
  #waiting: (Outgoing | undefined)[] = [];
  #head = 0;
  #durable: JournalSeq;
  dropped = 0;

  constructor(durable: JournalSeq, release: (effect: Outgoing) => void) {
    this.#durable = durable;
    this.#release = release;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** Releases at once what waits for nothing, an `early` frame for example; keeps the rest. */
  put(effect: Outgoing): void {
    if (effect.after <= this.#durable) {
      this.#release(effect);
      return;
    }
    if (effect.type === "Frame" && this.length >= OUTBOX_EFFECTS_MAX) this.dropped++;
    else this.#waiting.push(effect);
  }

  /** Everything up to here is durable: releases what waited for it, in the order in which it was put. */
  advance(durable: JournalSeq): void {
    this.#durable = durable;
    for (;;) {
      const next = this.#waiting[this.#head];
      if (next === undefined || next.after > durable) break;
      this.#waiting[this.#head++] = undefined;
      this.#release(next);
    }
    if (this.#head === this.#waiting.length) this.#waiting = [];
    else if (this.#head * 2 > this.#waiting.length) this.#waiting = this.#waiting.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
