import type { Spent } from "../budget.ts";
import type { Operation } from "../history/index.ts";
import { Configurations } from "./configurations.ts";
import { Entries } from "./entries.ts";
import type { SequentialObject } from "./sequential-object.ts";
import { Steps } from "./steps.ts";

export type Searched =
  /** An order that explains every answer; of operations that may have happened those that it needs. */
  | { readonly type: "order"; readonly order: readonly Operation[]; readonly steps: number }
  /** There is none. `longest` goes furthest, none of `stuck` can follow it, and at `until` the first of those had returned. */
  | {
      readonly type: "stuck";
      readonly longest: readonly Operation[];
      readonly stuck: readonly Operation[];
      readonly until: number;
      readonly steps: number;
    }
  | { readonly type: "spent"; readonly steps: number; readonly why: string };

/**
 * Is there an order of these operations of one object that respects real time (a returned before b was called) and explains every
 * answer? The search of Wing and Gong (1993) with the memory of Lowe (2017): a configuration, that is which operations are
 * done and the state, is never entered twice. Three arguments make it short:
 *
 * An observation that suits the state comes next: wherever an order has it, it may be moved here, for it changes nothing.
 * Of equal operations that may come next the one that returns first comes first: in any order two of them can change places.
 * An operation that may have happened is only tried where it changes the state, of equal ones the one called first.
 */
export function search<S>(
  object: SequentialObject<S>,
  operations: readonly Operation[],
  spent: Spent,
  stepsMax = Number.POSITIVE_INFINITY,
): Searched {
  return new Search(object, operations).run(spent, stepsMax);
}

/** Entries that foresight looks ahead. */
const FORESIGHT_ENTRIES = 128;
/** Steps between two looks at the budget. */
const STEPS_PER_LOOK = 1024;

class Search<S> {
  private readonly must: readonly Operation[];
  private readonly steps: Steps<S>;
  /** The class of each operation of `must`. */
  private readonly classOf: Int32Array;
  /** Operations that may have happened, by class, each class in the order of its calls. */
  private readonly mayClasses: readonly number[];
  private readonly may: readonly (readonly Operation[])[];
  private readonly taken: Int32Array;
  private readonly entries: Entries;

  private readonly done: Int32Array;
  private readonly memory = new Configurations();
  private state = 0;
  private left: number;

  /** Moves that are still to be tried; a frame owns those from its `first` on. */
  private readonly moves: number[] = [];
  private readonly frames: Frame[] = [];
  /** For each class, the move that stands for it in the configuration being expanded. */
  private readonly standsIn: Int32Array;

  /** By class; and whether nothing that may have happened resets, so that foresight says anything. */
  private readonly resets: Uint8Array;
  private readonly foresees: boolean;

  private longest: readonly Operation[] = [];
  private stuck: readonly Operation[] = [];
  private until = Number.POSITIVE_INFINITY;
  private longestMust = -1;

  constructor(object: SequentialObject<S>, operations: readonly Operation[]) {
    this.must = operations.filter((operation) => object.role(operation) === "must");
    this.steps = new Steps(object);
    this.classOf = Int32Array.from(this.must, (operation) => this.steps.classOf(operation));
    const may = new Map<number, Operation[]>();
    for (const operation of operations) {
      if (object.role(operation) !== "may") continue;
      const name = this.steps.classOf(operation);
      const alike = may.get(name);
      if (alike === undefined) may.set(name, [operation]);
      else alike.push(operation);
    }
    this.mayClasses = [...may.keys()];
    this.may = [...may.values()];
    this.taken = new Int32Array(this.may.length);
    this.entries = new Entries(this.must);
    this.done = new Int32Array((this.must.length >> 5) + 1);
    this.left = this.must.length;
    this.standsIn = new Int32Array(this.steps.classes).fill(-1);
    this.resets = Uint8Array.from({ length: this.steps.classes }, (_, name) =>
      Number(this.steps.resets(name)),
    );
    this.foresees =
      object.foresight !== undefined && this.mayClasses.every((name) => this.resets[name] === 0);
  }

  run(spent: Spent, stepsMax: number): Searched {
    if (this.left === 0) return { type: "order", order: [], steps: 0 };
    this.expand();
    for (let steps = 1; ; steps++) {
      if (steps % STEPS_PER_LOOK === 0 && (steps >= stepsMax || spent())) {
        return { type: "spent", steps, why: "the budget ended" };
      }
      if (this.steps.full) return { type: "spent", steps, why: "there are too many states" };
      const frame = this.frames[this.frames.length - 1];
      if (frame === undefined) {
        const { longest, stuck, until } = this;
        return { type: "stuck", longest, stuck, until, steps };
      }
      if (frame.next >= this.moves.length) {
        this.leave(frame);
        continue;
      }
      const move = this.moves[frame.next++] as number;
      this.apply(move);
      if (this.left === 0) return { type: "order", order: this.path(), steps };
      const known = frame.forced ? false : !this.leadsOn() || this.isKnown();
      if (known === null)
        return { type: "spent", steps, why: "the memory of configurations is full" };
      if (known) this.undo(frame, move);
      else {
        frame.move = move;
        this.expand();
      }
    }
  }

  /** Do the observations that return next allow for this state? Only those that no reset can come before tell. */
  private leadsOn(): boolean {
    const { entries, steps, classOf } = this;
    if (!this.foresees) return true;
    let entry = entries.first();
    for (let i = 0; i < FORESIGHT_ENTRIES && entry !== entries.end; i++) {
      const returns = entry >= entries.count;
      const name = classOf[returns ? entry - entries.count : entry] as number;
      if (!returns && this.resets[name] === 1) return true;
      if (returns && steps.observes[name] === true && !steps.leadsTo(this.state, name))
        return false;
      entry = entries.after(entry);
    }
    return true;
  }

  /** A new frame with the moves from here. A move is an operation of `must`, or behind those a class of `may`. */
  private expand(): void {
    const { entries, steps, moves, classOf, standsIn, must } = this;
    const first = moves.length;
    const frame: Frame = { first, next: first, state: this.state, move: -1, forced: false };
    this.frames.push(frame);
    let entry = entries.first();
    for (; entry < entries.count; entry = entries.after(entry)) {
      const name = classOf[entry] as number;
      const next = steps.step(this.state, name);
      if (next === this.state && steps.observes[name] === true) {
        for (let i = first; i < moves.length; i++)
          standsIn[classOf[moves[i] as number] as number] = -1;
        moves.length = first;
        moves.push(entry);
        frame.forced = true;
        return;
      }
      if (next < 0) continue;
      const stand = standsIn[name] as number;
      if (stand < 0) {
        standsIn[name] = moves.length;
        moves.push(entry);
      } else if (returned(must, entry) < returned(must, moves[stand] as number)) {
        moves[stand] = entry;
      }
    }
    for (let i = first; i < moves.length; i++) standsIn[classOf[moves[i] as number] as number] = -1;
    this.soonestFirst(first);
    this.offerMay(entries.timeOf(entry));
  }

  /** What returns first is tried first: the others have longer to wait. */
  private soonestFirst(first: number): void {
    const { moves, must } = this;
    for (let i = first + 1; i < moves.length; i++) {
      const move = moves[i] as number;
      let j = i - 1;
      for (; j >= first && returned(must, moves[j] as number) > returned(must, move); j--) {
        moves[j + 1] = moves[j] as number;
      }
      moves[j + 1] = move;
    }
  }

  private offerMay(limit: number): void {
    for (let i = 0; i < this.may.length; i++) {
      const candidate = this.may[i]?.[this.taken[i] as number];
      if (candidate === undefined || candidate.called > limit) continue;
      const next = this.steps.step(this.state, this.mayClasses[i] as number);
      if (next >= 0 && next !== this.state) this.moves.push(this.must.length + i);
    }
  }

  private apply(move: number): void {
    const may = move - this.must.length;
    if (may >= 0) {
      this.taken[may] = (this.taken[may] as number) + 1;
      this.state = this.steps.step(this.state, this.mayClasses[may] as number);
      return;
    }
    this.entries.lift(move);
    this.done[move >> 5] = (this.done[move >> 5] as number) | (1 << (move & 31));
    this.left--;
    this.state = this.steps.step(this.state, this.classOf[move] as number);
  }

  private undo({ state }: Frame, move: number): void {
    this.state = state;
    const may = move - this.must.length;
    if (may >= 0) {
      this.taken[may] = (this.taken[may] as number) - 1;
      return;
    }
    this.entries.unlift(move);
    this.done[move >> 5] = (this.done[move >> 5] as number) & ~(1 << (move & 31));
    this.left++;
  }

  /** Nothing follows from here: remembers how far it went, and goes back. */
  private leave(frame: Frame): void {
    const reached = this.must.length - this.left;
    if (reached > this.longestMust) {
      this.longestMust = reached;
      this.longest = this.path();
      this.stuck = this.entries.open().map((entry) => this.must[entry] as Operation);
      this.until = Math.min(...this.stuck.map((operation) => operation.returned));
    }
    this.moves.length = frame.first;
    this.frames.pop();
    const before = this.frames[this.frames.length - 1];
    if (before !== undefined) this.undo(before, before.move);
  }

  /** Was this configuration entered before? Null where there is no room to remember it. */
  private isKnown(): boolean | null {
    const { memory, done, taken } = this;
    // All operations before the first that is left are done, and none that was called after the next return is.
    const low = this.entries.first() >> 5;
    const high = ((this.entries.calledBeforeReturn() - 1) >> 5) + 1;
    if (!memory.reserve(3 + (high - low) + 2 * taken.length)) return null;
    const { words } = memory;
    let at = memory.end + 1;
    words[at++] = this.state;
    words[at++] = low;
    for (let word = low; word < high; word++) words[at++] = done[word] as number;
    // Which of these words are `done` follows from low and high.
    for (let i = 0; i < taken.length; i++) {
      if (taken[i] === 0) continue;
      words[at++] = -1 - i;
      words[at++] = taken[i] as number;
    }
    words[at++] = high;
    return !memory.add(at - memory.end - 1);
  }

  private path(): readonly Operation[] {
    const counts = new Int32Array(this.may.length);
    return this.frames.flatMap((frame) => {
      const top = frame === this.frames[this.frames.length - 1];
      if (frame.next === frame.first || (top && this.left > 0)) return [];
      const move = this.moves[frame.next - 1] as number;
      const may = move - this.must.length;
      if (may < 0) return [this.must[move] as Operation];
      const taken = counts[may] as number;
      counts[may] = taken + 1;
      return [this.may[may]?.[taken] as Operation];
    });
  }
}

interface Frame {
  readonly first: number;
  next: number;
  /** The state that the moves start from. */
  readonly state: number;
  /** The move that led to the next frame. */
  move: number;
  /** Its only move is an observation, so that what follows is not a configuration worth remembering. */
  forced: boolean;
}

const returned = (must: readonly Operation[], entry: number): number =>
  (must[entry] as Operation).returned;
