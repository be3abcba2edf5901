import type { Bytes, RequestId } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import type { NodePort, WatchCaller } from "@quorate/server";

/**
 * What may lie between the node and an iterator that is slower than the writes, in a worker's mail and in the
 * iterator's own list together. Beyond it the node holds events back, and later goes on from history; what it gave
 * out in the turn that crossed the bound still comes. In bytes as encoded: small events weigh some ten times that as objects.
 */
export const WATCH_COST_MAX = 256 * 1024;

/** A part's bytes, and what a message weighs that carries one. */
export const costOf = (part: Bytes): number => part.length + PART_COST;

const PART_COST = 256;

/**
 * Keeps one watch within its bound: counts what went out and was not yet taken, and tells the node when to stop and
 * when to go on. A reader may keep up to half the bound to itself before it says what it took; that is why the
 * node is let go on at half, and not only when nothing is left.
 */
export class WatchFlow implements WatchCaller {
  readonly #port: NodePort;
  readonly #watcher: WatchCaller;
  readonly #onEnded: (id: RequestId) => void;
  #untaken = 0;
  #stalled = false;

  constructor(port: NodePort, watcher: WatchCaller, onEnded: (id: RequestId) => void) {
    this.#port = port;
    this.#watcher = watcher;
    this.#onEnded = onEnded;
  }

  onWatching(id: RequestId, revision: number): void {
    this.#watcher.onWatching(id, revision);
  }

  onEvents(id: RequestId, revision: number, part: Bytes): void {
    this.#untaken += costOf(part);
    if (!this.#stalled && this.#untaken >= WATCH_COST_MAX) {
      this.#stalled = true;
      this.#port.stalled(id);
    }
    this.#watcher.onEvents(id, revision, part);
  }

  onWatchEnded(id: RequestId, ended: WatchEnd): void {
    this.#onEnded(id);
    this.#watcher.onWatchEnded(id, ended);
  }

  taken(id: RequestId, cost: number): void {
    this.#untaken -= cost;
    if (!this.#stalled || this.#untaken > WATCH_COST_MAX / 2) return;
    this.#stalled = false;
    this.#port.drained(id);
  }
}
