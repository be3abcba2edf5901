/** How a node's clock starts: so many parts of a thousand fast or slow, so many milliseconds ahead. */
export interface ClockFault {
  readonly ratePerMille: number;
  readonly aheadTicks: number;
}

/**
 * A node's two clocks, over the world's time in microseconds: the monotonic one, which may run fast, slow or not at all,
 * and jump forward; and the wall clock, which may jump anywhere, and which nothing may depend on.
 */
export class NodeClock {
  /** The rate it began with. */
  readonly usual: number;
  #ratePerMille: number;
  /** Where the present rate began, in the world's time and in this clock's. */
  #sinceMicros = 0;
  #sinceMillis: number;
  #wallAheadMillis = 0;

  constructor({ ratePerMille, aheadTicks }: ClockFault) {
    this.usual = ratePerMille;
    this.#ratePerMille = ratePerMille;
    this.#sinceMillis = aheadTicks;
  }

  /** Milliseconds; never less than before. */
  ticks(micros: number): number {
    return Math.floor(this.#exact(micros));
  }

  wall(micros: number): number {
    return Math.floor(micros / 1000) + this.#wallAheadMillis;
  }

  /** When, in the world's time, this clock shows that tick; null while it stands. */
  when(tick: number, micros: number): number | null {
    const behind = Math.max(0, tick - this.#exact(micros));
    if (behind === 0) return micros;
    const rate = 1000 + this.#ratePerMille;
    return rate <= 0 ? null : micros + Math.ceil((behind * 1000 * 1000) / rate);
  }

  /** -1000: it stands still. */
  run(ratePerMille: number, micros: number): void {
    this.#rebase(micros);
    this.#ratePerMille = Math.max(-1000, ratePerMille);
  }

  jump(millis: number, micros: number): void {
    this.#rebase(micros);
    this.#sinceMillis += Math.max(0, millis);
  }

  jumpWall(millis: number): void {
    this.#wallAheadMillis += millis;
  }

  #exact(micros: number): number {
    return (
      this.#sinceMillis +
      ((micros - this.#sinceMicros) * (1000 + this.#ratePerMille)) / (1000 * 1000)
    );
  }

  #rebase(micros: number): void {
    this.#sinceMillis = this.#exact(micros);
    this.#sinceMicros = micros;
  }
}
