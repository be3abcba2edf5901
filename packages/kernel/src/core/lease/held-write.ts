import type { Ticks } from "../ids.ts";
import type { DataRange } from "./data-range.ts";

/** A lease on one datum, as the issuer counts it on its own clock. A holder has one: its longest. */
export interface Lease<H, W> {
  readonly holder: H;
  readonly datum: string;
  durationTicks: number;
  /** When it was granted, and its duration. */
  endsAt: Ticks;
  /** The same with the margin for drift: from here on the issuer is free. Invariant: endsAt <= owedUntil. */
  owedUntil: Ticks;
  /** The last round of recalls when it was granted: their acknowledgements say nothing of it. */
  mark: number;
  /** Its holder was asked to drop it, and is not asked again before that. */
  recalledUntil: Ticks | null;
  /** The writes that wait for it. */
  readonly writes: Set<HeldWrite<H, W>>;
}

/** A write from when it is asked for to when it shows, with the leases that stand against it. */
export class HeldWrite<H, W> {
  readonly id: W;
  readonly ranges: readonly DataRange[];
  readonly #leases = new Set<Lease<H, W>>();
  /** When the leases end that it met: later than this none may be granted. */
  closesAt = 0;
  recallAt: Ticks | null = null;
  #owedUntil: Ticks | null = null;

  constructor(id: W, ranges: readonly DataRange[]) {
    this.id = id;
    this.ranges = ranges;
  }

  get leases(): ReadonlySet<Lease<H, W>> {
    return this.#leases;
  }

  /** From when on none of its leases binds the issuer, or earlier where some went since `recount`; null where there is none. */
  get owedUntil(): Ticks | null {
    return this.#owedUntil;
  }

  add(lease: Lease<H, W>): void {
    this.#leases.add(lease);
    lease.writes.add(this);
    const { owedUntil } = lease;
    if (this.#owedUntil === null || owedUntil > this.#owedUntil) this.#owedUntil = owedUntil;
  }

  /** With the last of a hundred thousand it is free at once; not with each that goes are the others gone through. */
  drop(lease: Lease<H, W>): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) this.#owedUntil = null;
  }

  recount(): void {
    this.#owedUntil = null;
    for (const { owedUntil } of this.#leases)
      if (this.#owedUntil === null || owedUntil > this.#owedUntil) this.#owedUntil = owedUntil;
  }

  /** Fixes until when leases on its data may last. */
  close(now: Ticks): void {
    this.closesAt = Math.max(now, this.closesAt);
    for (const { endsAt } of this.#leases) this.closesAt = Math.max(this.closesAt, endsAt);
  }

  /** It waits no more. */
  forget(): void {
    for (const lease of this.#leases) lease.writes.delete(this);
    this.#leases.clear();
    this.#owedUntil = null;
  }
}
