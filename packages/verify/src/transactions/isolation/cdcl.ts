import type { Spent } from "../../budget.ts";
import { ActivityHeap } from "./activity-heap.ts";

/** Choice v has two sides, the literals 2v and 2v + 1; the other side of a literal. */
export const other = (literal: number): number => literal ^ 1;

/** What the choices are about. It decides which sets of sides go together. */
export interface Theory {
  /** Null, or literals taken before, or this one, that do not go together: not all of them can stand. */
  take(literal: number): readonly number[] | null;
  /** Forgets all but the first `count` literals taken, of which one that was objected to is the last. */
  forget(count: number): void;
  /** Which side of a choice looks better now. */
  prefer(choice: number): number;
  /** All choices have been made: how many more are there? The search ends when there are none. */
  more(): number;
}

/** Numbers in learnt clauses, before the search gives up: 400 MB. */
const LEARNT_MAX = 50_000_000;
const RESTART_CONFLICTS = 128;
const ACTIVITY_MAX = 1 << 29;

/**
 * Conflict-driven clause learning (Marques-Silva and Sakallah 1999; Moskewicz et al. 2001) over choices that a theory judges: takes a
 * side of each until the theory objects, learns why not, goes back to where that would have mattered. Integers only, and no chance:
 * the same choices are made in every engine.
 */
export class Search {
  readonly #theory: Theory;
  /** For each literal: 0 open, 1 taken, −1 its other side was taken. */
  readonly #value: number[] = [];
  readonly #level: number[] = [];
  readonly #reason: (readonly number[] | null)[] = [];
  readonly #trail: number[] = [];
  readonly #levelStart: number[] = [];
  readonly #watch: number[][] = [];
  readonly #clauses: number[][] = [];
  readonly #activity: number[] = [];
  readonly #heap = new ActivityHeap(this.#activity);
  readonly #marked: boolean[] = [];
  #increment = 1;
  #taken = 0;
  #learnt = 0;
  /** Conflicts and decisions so far. */
  steps = 0;

  constructor(theory: Theory) {
    this.#theory = theory;
  }

  /** True when the theory holds all choices now; false when no choice of sides goes together. */
  run(spent: Spent): boolean | "spent" {
    let untilRestart = RESTART_CONFLICTS;
    let restarts = RESTART_CONFLICTS;
    for (;;) {
      const conflict = this.#propagate();
      if (conflict !== null) {
        this.steps++;
        const level = this.#highestLevel(conflict);
        if (level === 0) return false;
        this.#learn(conflict, level);
        untilRestart--;
        if (this.#learnt > LEARNT_MAX) return "spent";
        if ((this.steps & 63) === 0 && spent()) return "spent";
        continue;
      }
      if (untilRestart <= 0) {
        restarts += restarts >> 3;
        untilRestart = restarts;
        this.#backTo(0);
        continue;
      }
      const choice = this.#next();
      if ((++this.steps & 255) === 0 && spent()) return "spent";
      if (choice === -1) {
        const more = this.#theory.more();
        if (more === 0) return true;
        for (let i = 0; i < more; i++) this.#addChoice();
        continue;
      }
      this.#levelStart.push(this.#trail.length);
      this.#assign(this.#theory.prefer(choice), null);
    }
  }

  #addChoice(): void {
    const choice = this.#level.push(0) - 1;
    this.#value.push(0, 0);
    this.#reason.push(null);
    this.#watch.push([], []);
    this.#activity.push(0);
    this.#marked.push(false);
    this.#heap.insert(choice);
  }

  #next(): number {
    for (;;) {
      const choice = this.#heap.pop();
      if (choice === -1 || this.#value[2 * choice] === 0) return choice;
    }
  }

  #assign(literal: number, reason: readonly number[] | null): void {
    this.#value[literal] = 1;
    this.#value[other(literal)] = -1;
    this.#level[literal >> 1] = this.#levelStart.length;
    this.#reason[literal >> 1] = reason;
    this.#trail.push(literal);
  }

  /** A set of taken literals that cannot all stand, or null when all that follows has been taken. */
  #propagate(): readonly number[] | null {
    while (this.#taken < this.#trail.length) {
      const literal = this.#trail[this.#taken++] ?? 0;
      const conflict = this.#theory.take(literal) ?? this.#visitWatches(other(literal));
      if (conflict !== null) return conflict;
    }
    return null;
  }

  /** A clause is a set of literals of which one must be taken; its first two are watched. */
  #visitWatches(falsified: number): readonly number[] | null {
    const watching = this.#watch[falsified] ?? [];
    let kept = 0;
    for (let i = 0; i < watching.length; i++) {
      const number = watching[i] ?? 0;
      const clause = this.#clauses[number] ?? [];
      if (clause[0] === falsified) {
        clause[0] = clause[1] ?? 0;
        clause[1] = falsified;
      }
      const first = clause[0] ?? 0;
      if (this.#value[first] === 1 || !this.#rewatch(clause, number)) watching[kept++] = number;
      else continue;
      if (this.#value[first] === 1) continue;
      if (this.#value[first] === -1) {
        for (i++; i < watching.length; i++) watching[kept++] = watching[i] ?? 0;
        watching.length = kept;
        return clause.map(other);
      }
      this.#assign(first, clause);
    }
    watching.length = kept;
    return null;
  }

  #rewatch(clause: number[], number: number): boolean {
    for (let k = 2; k < clause.length; k++) {
      const literal = clause[k] ?? 0;
      if (this.#value[literal] === -1) continue;
      clause[k] = clause[1] ?? 0;
      clause[1] = literal;
      this.#watch[literal]?.push(number);
      return true;
    }
    return false;
  }

  /** The first unique implication point: of the last level, only one literal stays in the clause. */
  #learn(conflict: readonly number[], highest: number): void {
    this.#backTo(highest);
    const clause: number[] = [0];
    let open = 0;
    let literals: readonly number[] = conflict;
    let at = this.#trail.length;
    let point = -1;
    for (;;) {
      for (const literal of literals) {
        const choice = literal >> 1;
        if (literal === point || this.#marked[choice] || this.#level[choice] === 0) continue;
        this.#marked[choice] = true;
        this.#bump(choice);
        if (this.#level[choice] === highest) open++;
        else clause.push(other(literal));
      }
      do at--;
      while (!this.#marked[(this.#trail[at] ?? 0) >> 1]);
      point = this.#trail[at] ?? 0;
      this.#marked[point >> 1] = false;
      if (--open === 0) break;
      literals = (this.#reason[point >> 1] ?? []).map((l) => (l === point ? l : other(l)));
    }
    clause[0] = other(point);
    for (const literal of clause) this.#marked[literal >> 1] = false;
    this.#add(clause);
    this.#increment += (this.#increment >> 5) + 1;
  }

  #highestLevel(literals: readonly number[]): number {
    let highest = 0;
    for (const literal of literals) highest = Math.max(highest, this.#level[literal >> 1] ?? 0);
    return highest;
  }

  /** Goes back to where the clause leaves one literal, and takes that. */
  #add(clause: number[]): void {
    let second = 1;
    for (let k = 2; k < clause.length; k++) {
      const level = this.#level[(clause[k] ?? 0) >> 1] ?? 0;
      if (level > (this.#level[(clause[second] ?? 0) >> 1] ?? 0)) second = k;
    }
    const asserted = clause[0] ?? 0;
    if (clause.length === 1) {
      this.#backTo(0);
      this.#assign(asserted, null);
      return;
    }
    const watched = clause[second] ?? 0;
    clause[second] = clause[1] ?? 0;
    clause[1] = watched;
    this.#backTo(this.#level[watched >> 1] ?? 0);
    const number = this.#clauses.push(clause) - 1;
    this.#learnt += clause.length;
    this.#watch[asserted]?.push(number);
    this.#watch[watched]?.push(number);
    this.#assign(asserted, clause);
  }

  #backTo(level: number): void {
    if (level >= this.#levelStart.length) return;
    const keep = this.#levelStart[level] ?? 0;
    for (let i = this.#trail.length - 1; i >= keep; i--) {
      const literal = this.#trail[i] ?? 0;
      this.#value[literal] = 0;
      this.#value[other(literal)] = 0;
      this.#heap.insert(literal >> 1);
    }
    this.#trail.length = keep;
    this.#levelStart.length = level;
    this.#taken = Math.min(this.#taken, keep);
    this.#theory.forget(this.#taken);
  }

  #bump(choice: number): void {
    this.#activity[choice] = (this.#activity[choice] ?? 0) + this.#increment;
    if ((this.#activity[choice] ?? 0) > ACTIVITY_MAX) {
      for (const [v, activity] of this.#activity.entries()) this.#activity[v] = activity >> 16;
      this.#increment = (this.#increment >> 16) + 1;
    }
    this.#heap.raise(choice);
  }
}
