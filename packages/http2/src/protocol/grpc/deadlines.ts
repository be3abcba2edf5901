/** What has a deadline. The two links belong to `Deadlines`. */
export interface Timed {
  /** On the host's clock; infinite where there is none. */
  readonly deadline: number;
  onDeadline(): void;
  timedBefore: Timed | null;
  timedAfter: Timed | null;
}

/** How late a deadline may be noticed, and how often `advance` should be called. */
export const DEADLINE_PERIOD_MS = 20;

/** Deadlines further away than this many periods are looked at once each time round. */
const SLOTS = 512;

/**
 * The deadlines of all calls in a wheel of lists: adding one and taking one out again cost the same few assignments however
 * many there are, as nearly all are taken out again long before they are due.
 */
export class Deadlines {
  readonly #slots: Anchor[] = Array.from({ length: SLOTS }, () => new Anchor());
  readonly #onFirst: () => void;
  #at: number;
  #count = 0;

  /** `onFirst` is called when there is a deadline and before was none: from now on `advance` is needed. */
  constructor(now = 0, onFirst: () => void = () => {}) {
    this.#at = periodOf(now);
    this.#onFirst = onFirst;
  }

  get size(): number {
    return this.#count;
  }

  add(timed: Timed): void {
    if (timed.deadline === Number.POSITIVE_INFINITY) return;
    const period = Math.max(periodOf(timed.deadline), this.#at) + 1;
    const anchor = this.#slots[period % SLOTS] as Anchor;
    timed.timedBefore = anchor;
    timed.timedAfter = anchor.timedAfter;
    if (anchor.timedAfter !== null) anchor.timedAfter.timedBefore = timed;
    anchor.timedAfter = timed;
    if (++this.#count === 1) this.#onFirst();
  }

  delete(timed: Timed): void {
    const { timedBefore, timedAfter } = timed;
    if (timedBefore === null) return;
    timedBefore.timedAfter = timedAfter;
    if (timedAfter !== null) timedAfter.timedBefore = timedBefore;
    timed.timedBefore = null;
    timed.timedAfter = null;
    this.#count--;
  }

  /** Tells those whose time has come. After a long pause it goes once round, and not once for each period missed. */
  advance(now: number): void {
    const to = periodOf(now);
    const from = Math.max(this.#at + 1, to - SLOTS + 1);
    this.#at = to;
    const due: Timed[] = [];
    for (let period = from; period <= to; period++) {
      let timed = (this.#slots[period % SLOTS] as Anchor).timedAfter;
      for (; timed !== null; timed = timed.timedAfter) if (timed.deadline <= now) due.push(timed);
    }
    for (const timed of due) {
      if (timed.timedBefore === null) continue;
      this.delete(timed);
      timed.onDeadline();
    }
  }
}

const periodOf = (ms: number): number => Math.floor(ms / DEADLINE_PERIOD_MS);

/** The head of a slot's list. */
class Anchor implements Timed {
  readonly deadline = Number.POSITIVE_INFINITY;
  timedBefore: Timed | null = null;
  timedAfter: Timed | null = null;

  onDeadline(): void {}
}
