import { at32, RW, WW } from "../graph/index.ts";
import type { AcyclicGraph } from "./acyclic.ts";
import type { Theory } from "./cdcl.ts";
import type { Polygraph } from "./polygraph.ts";

/**
 * The choices that a search makes: of two versions of one key, which comes first. Literal 2v puts `a[v]` before `b[v]`, 2v + 1 the
 * other way round. Sides go together where they make no cycle.
 *
 * There is no choice for most pairs. The graph has a topological order at any time, and with it an order of all versions. Where that
 * order explains what was read, there is nothing to choose; a pair of neighbours becomes a choice only when it does not.
 */
export class VersionOrders implements Theory {
  readonly #polygraph: Polygraph;
  readonly #graph: AcyclicGraph;
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  /** The versions of each key as they were last sorted. */
  readonly #sorted: Int32Array;
  /** For each literal taken, how many edges there were before. */
  readonly #marks: number[] = [];
  /** Known edges that took part in a conflict, and the literals. */
  readonly conflictEdges = new Set<number>();
  readonly #conflictLiterals = new Set<number>();

  constructor(polygraph: Polygraph, graph: AcyclicGraph) {
    this.#polygraph = polygraph;
    this.#graph = graph;
    this.#sorted = polygraph.versions.writer.map((_, version) => version);
  }

  take(literal: number): readonly number[] | null {
    const { versions, events } = this.#polygraph;
    this.#marks.push(this.#graph.added.count);
    const [a, b] = this.#sides(literal);
    const writer = at32(versions.writer, b);
    const first = events.leave(at32(versions.writer, a));
    const way = this.#graph.add(first, events.overwrite(writer), WW, literal);
    if (way !== null) return this.#conflict(way, literal);
    for (let j = at32(versions.readerFirst, a); j < at32(versions.readerFirst, a + 1); j++) {
      const reader = at32(versions.reader, j);
      if (reader === writer) continue;
      const from = events.antiLeave(reader);
      const back = this.#graph.add(from, events.antiArrive(writer), RW, literal);
      if (back !== null) return this.#conflict(back, literal);
    }
    return null;
  }

  forget(count: number): void {
    if (count >= this.#marks.length) return;
    this.#graph.undo(this.#marks[count] ?? 0);
    this.#marks.length = count;
  }

  /** The side that goes along with the order at hand. */
  prefer(choice: number): number {
    const a = this.#placeOf(this.#a[choice] ?? 0);
    return 2 * choice + (a < this.#placeOf(this.#b[choice] ?? 0) ? 0 : 1);
  }

  more(): number {
    const { versions } = this.#polygraph;
    const before = this.#a.length;
    for (let k = 0; k + 1 < versions.first.length; k++) {
      const begin = at32(versions.first, k);
      const end = at32(versions.first, k + 1);
      this.#sort(begin, end);
      for (let i = begin; i + 1 < end; i++) {
        const a = at32(this.#sorted, i);
        const b = at32(this.#sorted, i + 1);
        if (this.#explains(a, b)) continue;
        this.#a.push(a);
        this.#b.push(b);
      }
    }
    return this.#a.length - before;
  }

  /** All writers and readers of the versions that were ever in conflict. */
  *conflictTransactions(): Iterable<number> {
    const { writer, readerFirst, reader } = this.#polygraph.versions;
    for (const literal of this.#conflictLiterals) {
      for (const version of this.#sides(literal)) {
        yield at32(writer, version);
        const end = at32(readerFirst, version + 1);
        for (let j = at32(readerFirst, version); j < end; j++) yield at32(reader, j);
      }
    }
  }

  /** The version that comes first, and the other. */
  #sides(literal: number): readonly [number, number] {
    const a = this.#a[literal >> 1] ?? 0;
    const b = this.#b[literal >> 1] ?? 0;
    return (literal & 1) === 0 ? [a, b] : [b, a];
  }

  #placeOf(version: number): number {
    const { versions, events } = this.#polygraph;
    return at32(this.#graph.order, events.leave(at32(versions.writer, version)));
  }

  /** By insertion: little has moved since the last time. */
  #sort(begin: number, end: number): void {
    for (let i = begin + 1; i < end; i++) {
      const version = at32(this.#sorted, i);
      const place = this.#placeOf(version);
      let j = i - 1;
      for (; j >= begin; j--) {
        const earlier = at32(this.#sorted, j);
        if (this.#placeOf(earlier) < place) break;
        this.#sorted[j + 1] = earlier;
      }
      this.#sorted[j + 1] = version;
    }
  }

  /** Do all edges that "version a right before version b" means go along with the order at hand? */
  #explains(a: number, b: number): boolean {
    const { versions, events } = this.#polygraph;
    const { order } = this.#graph;
    const writer = at32(versions.writer, b);
    if (this.#placeOf(a) >= at32(order, events.overwrite(writer))) return false;
    const written = at32(order, events.antiArrive(writer));
    for (let j = at32(versions.readerFirst, a); j < at32(versions.readerFirst, a + 1); j++) {
      const reader = at32(versions.reader, j);
      if (reader !== writer && at32(order, events.antiLeave(reader)) >= written) return false;
    }
    return true;
  }

  #conflict(way: readonly number[], literal: number): number[] {
    const literals = new Set([literal]);
    for (const e of way) {
      if (e >= 0) this.conflictEdges.add(e);
      else literals.add(at32(this.#graph.added.cause, -1 - e));
    }
    for (const each of literals) this.#conflictLiterals.add(each);
    return [...literals];
  }
}
