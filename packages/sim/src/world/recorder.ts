/** One event of a recorded run. */
export interface Recorded {
  /** Microseconds of the world. */
  readonly time: number;
  /** Where it happened; "world" for what happens to many. */
  readonly host: string;
  readonly what: string;
  /** The trace hash after it. */
  readonly hash: number;
  /** What the host knew of every host's events then (Fidge and Mattern 1988). */
  readonly clock: Readonly<Record<string, number>>;
}

/** A vector clock that travels with a message. */
export type Stamp = ReadonlyMap<string, number>;

/** Events that are kept, at most: some hundred bytes each. */
const EVENTS_MAX = 500_000;

/** Keeps every event of a run with its vector clock, to be drawn, or compared with another run of the same seed. */
export class Recorder {
  readonly #events: Recorded[] = [];
  readonly #clocks = new Map<string, Map<string, number>>();
  #dropped = 0;

  get events(): readonly Recorded[] {
    return this.#events;
  }

  /** Events beyond the bound. */
  get dropped(): number {
    return this.#dropped;
  }

  local(time: number, host: string, what: string, hash: number): void {
    this.#keep(time, host, what, hash, this.#tick(host));
  }

  sent(time: number, from: string, to: string, bytes: number, hash: number): Stamp {
    const clock = this.#tick(from);
    this.#keep(time, from, `sends ${bytes} bytes to ${to}`, hash, clock);
    return new Map(clock);
  }

  received(
    time: number,
    host: string,
    from: { readonly name: string; readonly stamp: Stamp },
    hash: number,
  ): void {
    const clock = this.#tick(host);
    for (const [other, count] of from.stamp)
      clock.set(other, Math.max(count, clock.get(other) ?? 0));
    this.#keep(time, host, `hears ${from.name}`, hash, clock);
  }

  /** One JSON object a line. */
  toJsonLines(): string {
    return this.#events.map((event) => `${JSON.stringify(event)}\n`).join("");
  }

  /** ShiViz' log format, to be parsed with `(?<host>\S+) (?<clock>\{.*\})\n(?<event>.*)`. */
  toShiViz(): string {
    return this.#events
      .map(
        ({ host, clock, what, time }) =>
          `${host} ${JSON.stringify(clock)}\n${time / 1000} ms: ${what}\n`,
      )
      .join("");
  }

  #tick(host: string): Map<string, number> {
    const clock = this.#clocks.get(host) ?? new Map<string, number>();
    clock.set(host, (clock.get(host) ?? 0) + 1);
    this.#clocks.set(host, clock);
    return clock;
  }

  #keep(time: number, host: string, what: string, hash: number, clock: Stamp): void {
    if (this.#events.length >= EVENTS_MAX) this.#dropped++;
    else this.#events.push({ time, host, what, hash, clock: Object.fromEntries(clock) });
  }
}

/** Where two recordings of one run part: the place of the first event that differs, or null where all are equal. */
export function driftOf(
  expected: readonly Pick<Recorded, "time" | "host" | "what" | "hash">[],
  found: readonly Pick<Recorded, "time" | "host" | "what" | "hash">[],
): { readonly at: number; readonly expected: string; readonly found: string } | null {
  const tell = (event: Pick<Recorded, "time" | "host" | "what"> | undefined): string =>
    event === undefined ? "nothing more" : `${event.time / 1000} ms ${event.host} ${event.what}`;
  const longest = Math.max(expected.length, found.length);
  for (let at = 0; at < longest; at++) {
    const [one, other] = [expected[at], found[at]];
    if (one?.hash !== other?.hash || tell(one) !== tell(other))
      return { at, expected: tell(one), found: tell(other) };
  }
  return null;
}
