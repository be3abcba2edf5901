import type { NodeId, Ticks } from "../ids.ts";

/** The leases on one datum, by holder, as the issuer counts them on its own clock. A holder has one: its longest. */
export class GrantedLeases {
  readonly #leases = new Map<NodeId, Granted>();

  get size(): number {
    return this.#leases.size;
  }

  get holders(): readonly NodeId[] {
    return [...this.#leases.keys()];
  }

  /** Until when the issuer is bound by any of them; null where there is none. */
  get owedUntil(): Ticks | null {
    let latest: Ticks | null = null;
    for (const { owedUntil } of this.#leases.values())
      if (latest === null || owedUntil > latest) latest = owedUntil;
    return latest;
  }

  /** When the last of them ends by its duration, without the margin for drift; 0 where there is none. */
  get endsAt(): number {
    let latest = 0;
    for (const { endsAt } of this.#leases.values()) latest = Math.max(latest, endsAt);
    return latest;
  }

  entries(): IterableIterator<[NodeId, Granted]> {
    return this.#leases.entries();
  }

  grant(holder: NodeId, lease: Granted): void {
    const known = this.#leases.get(holder);
    if (known === undefined || known.owedUntil < lease.owedUntil) this.#leases.set(holder, lease);
  }

  drop(holder: NodeId): void {
    this.#leases.delete(holder);
  }

  /** Forgets those that have ended. */
  prune(now: Ticks): void {
    for (const [holder, { owedUntil }] of this.#leases)
      if (owedUntil <= now) this.#leases.delete(holder);
  }
}

/** Invariant: endsAt <= owedUntil. */
export interface Granted {
  readonly durationTicks: number;
  /** When it was granted, and its duration. */
  readonly endsAt: Ticks;
  /** The same with the margin for drift: from here on the issuer is free. */
  readonly owedUntil: Ticks;
}
