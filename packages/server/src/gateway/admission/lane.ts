/** How many calls of one kind are under way, and wait. */
export interface LaneOptions {
  /** Under way at most; a lane with an adaptive limit begins here. */
  readonly callsMax: number;
  /** What they hold, in bytes. One call that is larger is let in when it is alone. */
  readonly bytesMax: number;
  /** Those that wait at most; one more is refused. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Longer than this nobody waits. */
  readonly waitMs: number;
}

/** A call that waits to be let in. Exactly one of the two is called, once, unless it is withdrawn before. */
export interface Applicant {
  /** It is under way now, and its lane's `leave` is owed. */
  onAdmitted(): void;
  /** It waited for too long. Nothing of it was begun. */
  onExpired(): void;
}

/** A place in a lane's queue. */
export interface Waiting {
  readonly bytes: number;
  /** On the clock of `expire`. */
  readonly until: number;
  /** Null once the call was told, or was withdrawn. */
  applicant: Applicant | null;
}

/** Places of calls that were withdrawn, kept beyond as many as wait before they are cut out. */
const WITHDRAWN_MAX = 64;

/**
 * Calls of one kind: so many under way, others waiting in the order in which they came, and the rest refused. A call that is let
 * in at once costs a few comparisons, and no object.
 */
export class Lane {
  readonly #options: LaneOptions;
  #callsMax: number;
  #calls = 0;
  #bytes = 0;
  #queue: Waiting[] = [];
  #head = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #admitting = false;
  /** All there ever were. */
  entered = 0;
  readonly refused = { full: 0, expired: 0 };

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#callsMax = options.callsMax;
  }

  get callsMax(): number {
    return this.#callsMax;
  }

  get calls(): number {
    return this.#calls;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Of the queue: of those that wait, and of some that wait no more. */
  get places(): number {
    return this.#queue.length;
  }

  /** More than `callsMax` that are under way stay so; fewer come after them. */
  setCallsMax(callsMax: number): void {
    this.#callsMax = callsMax;
    this.#admit();
  }

  /** Lets a call in that need not wait; `leave` is owed for it then. */
  tryEnter(bytes: number): boolean {
    if (this.#waiting > 0 || !this.#hasRoom(bytes)) return false;
    this.#enter(bytes);
    return true;
  }

  /** Puts a call that was not let in at the end of the queue; null if it is full. `deadline` is the call's own. */
  wait(applicant: Applicant, bytes: number, now: number, deadline: number): Waiting | null {
    const { waitingMax, waitingBytesMax, waitMs } = this.#options;
    const isFull = this.#waiting >= waitingMax;
    if (isFull || (this.#waiting > 0 && this.#waitingBytes + bytes > waitingBytesMax)) {
      this.refused.full++;
      return null;
    }
    const waiting: Waiting = { applicant, bytes, until: Math.min(deadline, now + waitMs) };
    this.#queue.push(waiting);
    this.#waiting++;
    this.#waitingBytes += bytes;
    return waiting;
  }

  /** Its client left. Harmless for one that waits no more. */
  withdraw(waiting: Waiting): void {
    if (this.#settle(waiting) === null) return;
    // Whoever asks and leaves, over and over, must not make the queue grow.
    if (this.#queue.length - this.#head > 2 * this.#waiting + WITHDRAWN_MAX) {
      this.#queue = this.#queue.slice(this.#head).filter(({ applicant }) => applicant !== null);
      this.#head = 0;
    }
    this.#admit();
  }

  /** A call that was let in is over. */
  leave(bytes: number): void {
    this.#calls--;
    this.#bytes -= bytes;
    if (this.#waiting > 0) this.#admit();
  }

  /** Tells those whose time is up, wherever they stand: a place that nobody can use any more must not turn another away. */
  expire(now: number): void {
    if (this.#waiting === 0) return;
    for (const waiting of this.#queue.slice(this.#head)) {
      if (waiting.until > now) continue;
      const applicant = this.#settle(waiting);
      if (applicant === null) continue;
      this.refused.expired++;
      applicant.onExpired();
    }
    this.#admit();
  }

  #hasRoom(bytes: number): boolean {
    const fits = this.#bytes === 0 || this.#bytes + bytes <= this.#options.bytesMax;
    return fits && this.#calls < this.#callsMax;
  }

  #enter(bytes: number): void {
    this.#bytes += bytes;
    this.#calls++;
    this.entered++;
  }

  /** Takes it out of the count of those that wait; null if it was before. */
  #settle(waiting: Waiting): Applicant | null {
    const { applicant } = waiting;
    if (applicant === null) return null;
    waiting.applicant = null;
    this.#waiting--;
    this.#waitingBytes -= waiting.bytes;
    return applicant;
  }

  /** An applicant may be over, and leave, within `onAdmitted`: then the outer loop goes on, and no stack grows. */
  #admit(): void {
    if (this.#admitting) return;
    this.#admitting = true;
    for (;;) {
      const next = this.#queue[this.#head];
      if (next === undefined) break;
      if (next.applicant !== null && !this.#hasRoom(next.bytes)) break;
      this.#head++;
      const applicant = this.#settle(next);
      if (applicant === null) continue;
      this.#enter(next.bytes);
      applicant.onAdmitted();
    }
    this.#compact();
    this.#admitting = false;
  }

  #compact(): void {
    if (this.#head === this.#queue.length) this.#queue = [];
    else if (2 * this.#head > this.#queue.length) this.#queue = this.#queue.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
