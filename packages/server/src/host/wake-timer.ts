import { createHistogram } from "node:perf_hooks";
import type { Ticks } from "@quorate/kernel/core";

/** setTimeout knows no longer pause. */
const TIMER_MILLIS_MAX = 0x7fff_ffff;

/** The one timer of a node. It is its measure of the event loop, too: a sampler of its own would wake an idle node fifty times a second. */
export class WakeTimer {
  readonly #onRing: () => void;
  /** By how many nanoseconds it rang late: what heartbeats and elections suffer when the event loop is held up. */
  readonly #lateness = createHistogram();
  #armed: { readonly handle: NodeJS.Timeout; readonly at: Ticks } | null = null;

  constructor(onRing: () => void) {
    this.#onRing = onRing;
  }

  /** Rings at `at`, or sooner where it was set to ring before: an early turn is harmless. `at` is after `now`. */
  arm(at: Ticks, now: Ticks): void {
    if (this.#armed !== null && this.#armed.at <= at) return;
    this.stop();
    const wait = Math.min(at - now, TIMER_MILLIS_MAX);
    const due = performance.now() + wait;
    this.#armed = { handle: setTimeout(() => this.#ring(due), wait), at };
  }

  stop(): void {
    if (this.#armed !== null) clearTimeout(this.#armed.handle);
    this.#armed = null;
  }

  /** How late it rang since the node began, in milliseconds: several look at it, and none must take it from the others. */
  lateness(): { readonly p99: number; readonly max: number } {
    const lateness = this.#lateness;
    const rang = lateness.count > 0;
    return {
      p99: rang ? lateness.percentile(99) / 1e6 : 0,
      max: rang ? lateness.max / 1e6 : 0,
    };
  }

  #ring(due: number): void {
    this.#armed = null;
    this.#lateness.record(Math.max(1, Math.round((performance.now() - due) * 1e6)));
    this.#onRing();
  }
}
