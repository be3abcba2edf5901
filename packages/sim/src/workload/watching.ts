import { type Bytes, DEFAULT_KEYSPACE, type RequestId } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import type { WatchEnd } from "@quorate/kernel/replica";
import { Dice } from "../world/dice.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { compactRequest, watchRequest } from "./etcd-requests.ts";
import { changesIn } from "./etcd-responses.ts";
import { KEEPSAKE } from "./keepsake.ts";

/** How long a watcher waits before it watches again, at another node. */
const REOPEN_MICROS = 200_000;
/** Of a thousand watches, those whose reader falls behind once. */
const SLOW_PER_MILLE = 400;
/** A compaction leaves so many revisions, at most, below the newest that a watcher has seen: one of these. */
const KEPT_REVISIONS_MAX = [1, 5, 30] as const;

interface Watcher {
  /** The next revision that it has not seen. */
  next: number;
  /** Revisions seen, in order; and those it was told are compacted, which it may miss. */
  readonly seen: number[];
  readonly missing: { readonly from: number; readonly to: number }[];
}

/**
 * Watchers that follow the workload's keys through crashes, changes of leader and compactions: each begins again where
 * it stopped, at any node. What they saw must be one and the same history: in order, without a gap, nothing twice.
 */
export class Watching {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #watchers: Watcher[] = [];
  /** What happened at each revision, as the first watcher told it. */
  readonly #history = new Map<number, string>();
  readonly #broken: string[] = [];
  /** Watches whose reader fell behind. */
  stalls = 0;
  #stopped = false;

  constructor(world: World, count: number, seed: bigint) {
    this.#world = world;
    this.#dice = new Dice(seed);
    for (let i = 0; i < count; i++) this.#watchers.push({ next: 1, seen: [], missing: [] });
  }

  start(): this {
    for (const watcher of this.#watchers) this.#open(watcher);
    return this;
  }

  /** From now on nothing is compacted, and no reader falls behind. */
  calm(): void {
    this.#stopped = true;
  }

  /** Compacts up to somewhere below what was last seen, now and then. */
  compactSometimes(): this {
    this.#world.agenda.after(this.#dice.between(100, 3000) * 1000, () => {
      if (this.#stopped) return;
      const newest = Math.max(...this.#watchers.map(({ next }) => next));
      const revision = newest - this.#dice.below(this.#dice.pick(KEPT_REVISIONS_MAX));
      const node = this.#dice.pick(this.#world.nodes);
      const caller = { onReply: () => {}, onReadable: () => {} };
      if (revision > 1)
        node.request(caller, DEFAULT_KEYSPACE, EtcdKind.compact, compactRequest(revision), 2000);
      this.compactSometimes();
    });
    return this;
  }

  /** The newest revision that any watcher was told of. */
  get newest(): number {
    return Math.max(0, ...this.#history.keys());
  }

  /** What is broken; every watcher had time to be told of what happened up to revision `settled`. */
  findings(settled: number): readonly string[] {
    const behind = this.#watchers.flatMap(({ next }, i) =>
      next <= settled ? [`watcher ${i} waits for revision ${next}, ${settled} was seen`] : [],
    );
    return [...this.#broken, ...behind, ...this.#watchers.flatMap((w, i) => this.#gaps(w, i))];
  }

  #gaps({ seen, missing, next }: Watcher, number: number): readonly string[] {
    const had = new Set(seen);
    const excused = (revision: number): boolean =>
      missing.some(({ from, to }) => from <= revision && revision <= to);
    return [...this.#history.keys()]
      .filter((revision) => revision < next && !had.has(revision) && !excused(revision))
      .map((revision) => `watcher ${number} was never told of revision ${revision}`);
  }

  #open(watcher: Watcher): void {
    const node = this.#dice.pick(this.#world.nodes);
    if (!node.isUp) return this.#reopen(watcher);
    const body = watchRequest("k", "l", watcher.next);
    const id = node.watch(
      {
        onWatching: () => {},
        onEvents: (_, part) => this.#take(watcher, part),
        onEnded: (ended) => this.#ended(watcher, ended),
      },
      DEFAULT_KEYSPACE,
      body,
    );
    if (!this.#stopped && this.#dice.chance(SLOW_PER_MILLE)) this.#lag(node, id);
  }

  /** A reader that takes nothing for a while, as its full connection would tell the node. */
  #lag(node: SimNode, id: RequestId): void {
    this.stalls++;
    const { agenda } = this.#world;
    agenda.after(this.#dice.between(50, 1000) * 1000, () => node.input({ type: "Stalled", id }));
    agenda.after(this.#dice.between(1000, 3000) * 1000, () => node.input({ type: "Drained", id }));
  }

  #take(watcher: Watcher, part: Bytes): void {
    const byRevision = new Map<number, string>();
    for (const { revision, key, value } of changesIn(part))
      byRevision.set(revision, `${byRevision.get(revision) ?? ""}${key}=${shown(key, value)};`);
    for (const [revision, told] of byRevision) {
      if (revision < watcher.next)
        this.#broken.push(`revision ${revision} came when ${watcher.next} was next`);
      const known = this.#history.get(revision) ?? told;
      if (known !== told) this.#broken.push(`revision ${revision} is ${known} and ${told}`);
      this.#history.set(revision, known);
      watcher.seen.push(revision);
      watcher.next = Math.max(watcher.next, revision + 1);
    }
  }

  #ended(watcher: Watcher, ended: WatchEnd): void {
    if (ended.type === "Compacted" && ended.compactRevision >= watcher.next) {
      watcher.missing.push({ from: watcher.next, to: ended.compactRevision });
      watcher.next = ended.compactRevision + 1;
    }
    this.#reopen(watcher);
  }

  #reopen(watcher: Watcher): void {
    this.#world.agenda.after(REOPEN_MICROS, () => this.#open(watcher));
  }
}

/** What a defective memory makes of the keepsake may reach a watcher before the group notices; that it ends is held elsewhere. */
const shown = (key: string, value: string | null): string | null =>
  key === KEEPSAKE ? "…" : value;
