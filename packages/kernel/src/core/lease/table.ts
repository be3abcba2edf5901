import { earliest, type Ticks } from "../ids.ts";
import { IntervalIndex } from "../interval-index.ts";
import { OrderedMap } from "../ordered-map.ts";
import type { DataRange } from "./data-range.ts";
import { HeldWrite, type Lease } from "./held-write.ts";
import { owedBy, type TableSettings } from "./settings.ts";

/** A holder is asked to drop its copy, and to say so under this number. */
export interface Recall<H> {
  readonly holder: H;
  readonly datum: string;
  readonly recall: number;
}

/**
 * Who may rely on what, and which writes wait for it (Gray and Cheriton 1989; card 7). Keeps no value: whoever has the data asks
 * before it gives one away with a lease (`grant`) and before it changes any (`enter`), and says when the change shows (`done`).
 *
 * Invariant: between `enter` and `done` nobody is granted a lease on what a write changes, and `enter` or `freed` lets it go on only when
 * no lease on it stands. So a lease never outlives its value. H names holders, W writes.
 */
export class LeaseTable<H, W> {
  readonly #settings: TableSettings;
  readonly #byDatum = new OrderedMap<Map<H, Lease<H, W>>>();
  readonly #perHolder = new Map<H, number>();
  readonly #barred = new IntervalIndex<HeldWrite<H, W>>();
  /** Entered and not done, oldest first. */
  readonly #writes = new Map<W, HeldWrite<H, W>>();
  /** Those of them that something stands against. */
  readonly #waiting = new Set<HeldWrite<H, W>>();
  #earlier: { readonly endsAt: Ticks; readonly owedUntil: Ticks } | null = null;
  /** Leases, those included that have ended and were not looked at since. */
  #size = 0;
  /** Counts rounds of recalls: what is granted behind one is not meant by its acknowledgements. */
  #recalls: number;
  #sweptAt: Ticks | null = null;

  /** `rounds`: of an earlier table of the same issuer, so that acknowledgements of its recalls say nothing here. */
  constructor(settings: TableSettings, rounds = 0) {
    this.#settings = settings;
    this.#recalls = rounds;
  }

  /** Rounds of recalls so far. */
  get rounds(): number {
    return this.#recalls;
  }

  get size(): number {
    return this.#size;
  }

  /** Writes that wait for leases. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** An issuer before this one may have granted leases as long as this, of which nothing else is known: all writes wait for them. */
  inherit(now: Ticks, durationTicks: number): void {
    this.#earlier = durationTicks === 0 ? null : this.#endOf(now, durationTicks);
  }

  /** The longest lease that may be given on this datum now, and is from here on: its duration in ticks, 0 for none. */
  grant(now: Ticks, datum: string, holder: H): number {
    const barring = this.#barring(datum);
    const durationTicks = this.#durationFor(now, barring);
    if (durationTicks === 0 || !this.#hasRoom(now, datum, holder)) return 0;
    const lease = this.note(now, datum, holder, durationTicks);
    for (const write of barring) if (this.#waiting.has(write)) write.add(lease);
    return durationTicks;
  }

  /** A lease that is known to have been granted: whoever asked before has one of at least this length, counted from now. */
  note(now: Ticks, datum: string, holder: H, durationTicks: number): Lease<H, W> {
    const end = this.#endOf(now, durationTicks);
    const leases = this.#byDatum.get(datum) ?? new Map<H, Lease<H, W>>();
    if (leases.size === 0) this.#byDatum.set(datum, leases);
    const known = leases.get(holder);
    if (known === undefined) {
      const lease = { holder, datum, durationTicks, ...end, mark: this.#recalls };
      const fresh: Lease<H, W> = { ...lease, recalledUntil: null, writes: new Set() };
      leases.set(holder, fresh);
      this.#size++;
      this.#perHolder.set(holder, (this.#perHolder.get(holder) ?? 0) + 1);
      return fresh;
    }
    known.mark = this.#recalls;
    known.recalledUntil = null;
    if (end.owedUntil > known.owedUntil) Object.assign(known, { durationTicks, ...end });
    return known;
  }

  /** True where the write may go on at once; else `freed` names it when it may. From here on its data is barred. */
  enter(now: Ticks, id: W, ranges: readonly DataRange[]): boolean {
    const write = new HeldWrite<H, W>(id, ranges);
    this.#writes.set(id, write);
    for (const range of ranges) {
      this.#barred.add(range.from, range.to, write);
      for (const lease of this.#leasesOn(now, range)) write.add(lease);
    }
    if (ranges.length > 0 && this.#earlier !== null) write.closesAt = this.#earlier.endsAt;
    write.close(now);
    this.#waiting.add(write);
    if (!this.#isFree(now, write)) {
      write.recallAt = this.#settings.revokes ? now : null;
      return false;
    }
    this.#waiting.delete(write);
    return true;
  }

  /** Writes that have waited and may go on now, in the order in which they came. */
  freed(now: Ticks): readonly W[] {
    const free = [...this.#waiting].filter((write) => this.#isFree(now, write));
    for (const write of free) this.#waiting.delete(write);
    return free.map(({ id }) => id);
  }

  /** The write shows, or never will: its data may be leased again. */
  done(id: W): void {
    const write = this.#writes.get(id);
    if (write === undefined) return;
    this.#writes.delete(id);
    this.#waiting.delete(write);
    write.forget();
    for (const { from, to } of write.ranges) this.#barred.remove(from, to, write);
  }

  /** What is changed by the writes that wait for nothing and are not done. */
  unapplied(): readonly DataRange[] {
    const going = [...this.#writes.values()].filter((write) => !this.#waiting.has(write));
    return going.flatMap(({ ranges }) => ranges);
  }

  /** The holder has dropped what it was granted on this datum before that recall. */
  acknowledge(datum: string, holder: H, recall: number): void {
    const lease = this.#byDatum.get(datum)?.get(holder);
    if (lease !== undefined && lease.mark < recall) this.#drop(lease);
  }

  /** Whom to ask now to drop what a write waits for: each at most once in `revokeRetryTicks`. */
  recalls(now: Ticks): readonly Recall<H>[] {
    const due = [...this.#waiting].filter(({ recallAt }) => recallAt !== null && recallAt <= now);
    if (due.length === 0) return [];
    const recall = ++this.#recalls;
    const again = (now + this.#settings.revokeRetryTicks) as Ticks;
    const asked: Recall<H>[] = [];
    for (const write of due) {
      write.recallAt = again;
      write.recount();
      for (const lease of write.leases) {
        if (lease.recalledUntil !== null && lease.recalledUntil > now) continue;
        lease.recalledUntil = again;
        asked.push({ holder: lease.holder, datum: lease.datum, recall });
      }
    }
    return asked;
  }

  /** When a waiting write may have to be looked at again; null: when spoken to. */
  get wakeAt(): Ticks | null {
    let at: Ticks | null = null;
    for (const write of this.#waiting)
      at = earliest(at, this.#boundUntil(write), write.leases.size > 0 ? write.recallAt : null);
    return at;
  }

  /** All that are not over. */
  *leases(now: Ticks): IterableIterator<Lease<H, W>> {
    const cursor = this.#byDatum.cursor("", null);
    while (cursor.next())
      for (const lease of cursor.value.values()) if (lease.owedUntil > now) yield lease;
  }

  /** With `duringWrite` not longer than the leases that the first waiting write met (card 7, fix 1); 0 is none. */
  #durationFor(now: Ticks, barring: readonly HeldWrite<H, W>[]): number {
    const { leaseTicks, duringWrite, revokes, rules } = this.#settings;
    const [first] = barring;
    if (first === undefined || !rules.boundDuringWrite) return leaseTicks;
    // One that is being taken back needs no company, nor does a lease on what is about to change of itself.
    if (duringWrite !== "boundedEnd" || revokes || !this.#waiting.has(first)) return 0;
    return Math.max(0, Math.min(leaseTicks, first.closesAt - now));
  }

  /** The writes under way that change this datum, oldest first. */
  #barring(datum: string): readonly HeldWrite<H, W>[] {
    if (this.#writes.size === 0) return [];
    const hits: HeldWrite<H, W>[] = [];
    this.#barred.stab(datum, hits);
    return hits;
  }

  #isFree(now: Ticks, write: HeldWrite<H, W>): boolean {
    if (!this.#settings.rules.writesWait) return true;
    const until = this.#boundUntil(write);
    if (until !== null && until > now) return false;
    for (const lease of write.leases) this.#drop(lease);
    return true;
  }

  /** Until when a write must wait as things stand; null where nothing is in its way. */
  #boundUntil({ ranges, owedUntil }: HeldWrite<H, W>): Ticks | null {
    const earlier = ranges.length === 0 ? null : (this.#earlier?.owedUntil ?? null);
    return owedUntil === null || (earlier !== null && earlier > owedUntil) ? earlier : owedUntil;
  }

  #leasesOn(now: Ticks, { from, to }: DataRange): readonly Lease<H, W>[] {
    const found: Lease<H, W>[] = [];
    if (this.#size === 0) return found;
    const cursor = this.#byDatum.cursor(from, to);
    while (cursor.next()) found.push(...cursor.value.values());
    for (const lease of found) if (lease.owedUntil <= now) this.#drop(lease);
    return found.filter(({ owedUntil }) => owedUntil > now);
  }

  /** Whether one more lease fits. Those that have ended are swept out only when it does not, and not at every reader. */
  #hasRoom(now: Ticks, datum: string, holder: H): boolean {
    if (this.#byDatum.get(datum)?.has(holder)) return true;
    if (this.#fits(holder)) return true;
    const { leaseTicks } = this.#settings;
    if (this.#sweptAt !== null && now < this.#sweptAt + leaseTicks / SWEEPS_PER_LEASE) return false;
    this.#sweptAt = now;
    const ended: Lease<H, W>[] = [];
    const cursor = this.#byDatum.cursor("", null);
    while (cursor.next())
      for (const lease of cursor.value.values()) if (lease.owedUntil <= now) ended.push(lease);
    for (const lease of ended) this.#drop(lease);
    return this.#fits(holder);
  }

  #fits(holder: H): boolean {
    const { leasesMax, leasesPerHolderMax } = this.#settings;
    return this.#size < leasesMax && (this.#perHolder.get(holder) ?? 0) < leasesPerHolderMax;
  }

  #drop(lease: Lease<H, W>): void {
    const { datum, holder } = lease;
    const leases = this.#byDatum.get(datum);
    if (leases?.get(holder) !== lease) return;
    leases.delete(holder);
    if (leases.size === 0) this.#byDatum.delete(datum);
    this.#size--;
    const rest = (this.#perHolder.get(holder) ?? 0) - 1;
    if (rest > 0) this.#perHolder.set(holder, rest);
    else this.#perHolder.delete(holder);
    for (const write of lease.writes) write.drop(lease);
  }

  #endOf(now: Ticks, durationTicks: number): { readonly endsAt: Ticks; readonly owedUntil: Ticks } {
    const owed = owedBy(this.#settings, durationTicks);
    return { endsAt: (now + durationTicks) as Ticks, owedUntil: (now + owed) as Ticks };
  }
}

/** A full table is searched for leases that have ended so often in the life of one. */
const SWEEPS_PER_LEASE = 8;
