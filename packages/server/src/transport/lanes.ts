import type { Bytes, Lane } from "@quorate/kernel/core";
import type { TransportLimits } from "./limits.ts";

interface Waiting {
  readonly parts: readonly Bytes[];
  readonly length: number;
  /** What it holds, by which the bounds go. */
  readonly cost: number;
}

/** What a part holds beside its bytes, about: a frame may have thousands of a few bytes each. */
const PART_COST_BYTES = 128;

/** Burst of the bulk lane after a pause, in milliseconds of its pace. */
const BULK_BURST_MILLIS = 10;

/**
 * What waits for one link: three queues of bounded bytes, taken in strict priority. The bulk lane is paced: it
 * earns `bulkBytesPerSecond` and may overdraw by one frame, which it then pays back.
 */
export class Lanes {
  readonly #limits: TransportLimits;
  readonly #control = new Queue();
  readonly #log = new Queue();
  readonly #bulk = new Queue();
  #credit = 0;
  #creditAt = 0;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /** False if the lane is full: the frame is not taken. */
  put(lane: Lane, parts: readonly Bytes[], length: number): boolean {
    const queue = this.#queueOf(lane);
    const cost = length + PART_COST_BYTES * (1 + parts.length);
    // An empty lane takes any one frame, or a frame larger than the bound could never be sent.
    if (queue.cost > 0 && queue.cost + cost > this.#boundOf(lane)) return false;
    queue.push({ parts, length, cost });
    return true;
  }

  /** The next frame that may go now, or null. */
  take(now: number): { readonly lane: Lane; readonly parts: readonly Bytes[] } | null {
    const first = this.#control.shift();
    if (first !== null) return { lane: "control", parts: first.parts };
    const second = this.#log.shift();
    if (second !== null) return { lane: "log", parts: second.parts };
    if (this.#bulk.cost === 0 || this.bulkWaitMillis(now) > 0) return null;
    const third = this.#bulk.shift();
    if (third === null) return null;
    this.#credit -= third.length;
    return { lane: "bulk", parts: third.parts };
  }

  /** How long until the bulk lane may send; 0 if it may, or if nothing waits there. */
  bulkWaitMillis(now: number): number {
    if (this.#bulk.cost === 0) return 0;
    const perMilli = this.#limits.bulkBytesPerSecond / 1000;
    const earned = this.#credit + (now - this.#creditAt) * perMilli;
    this.#credit = Math.min(earned, BULK_BURST_MILLIS * perMilli);
    this.#creditAt = now;
    return this.#credit >= 0 ? 0 : Math.ceil(-this.#credit / perMilli);
  }

  /** Nothing of what waits will be sent. Returns how many frames that were. */
  clear(): number {
    const { frames } = this;
    for (const queue of [this.#control, this.#log, this.#bulk]) queue.clear();
    return frames;
  }

  get frames(): number {
    return this.#control.frames + this.#log.frames + this.#bulk.frames;
  }

  #queueOf(lane: Lane): Queue {
    return lane === "control" ? this.#control : lane === "log" ? this.#log : this.#bulk;
  }

  #boundOf(lane: Lane): number {
    const { controlBytesMax, logBytesMax, bulkBytesMax } = this.#limits;
    return lane === "control" ? controlBytesMax : lane === "log" ? logBytesMax : bulkBytesMax;
  }
}

class Queue {
  #waiting: (Waiting | undefined)[] = [];
  #head = 0;
  cost = 0;

  get frames(): number {
    return this.#waiting.length - this.#head;
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.cost += waiting.cost;
  }

  clear(): void {
    this.#waiting = [];
    this.#head = 0;
    this.cost = 0;
  }

  shift(): Waiting | null {
    const waiting = this.#waiting[this.#head];
    if (waiting === undefined) return null;
    this.#waiting[this.#head++] = undefined;
    this.cost -= waiting.cost;
    if (this.#head === this.#waiting.length) this.clear();
    else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return waiting;
  }
}
