import type { Operation } from "../history/index.ts";
import { REFUSED, type SequentialObject } from "./sequential-object.ts";
import { textOf } from "./value.ts";

/** Not computed yet. */
const UNTRIED = -2;
/** Tables of fewer classes are arrays; larger ones would be mostly empty. */
const CLASSES_DENSE_MAX = 512;

/** States beyond this, or characters of their texts, and a search says unknown: it would not fit into memory. */
const STATES_MAX = 1_000_000;
const STATE_CHARACTERS_MAX = 256 * 1024 * 1024;

/** A sequential object in small numbers: equal operations are one class, equal states one number, and no step is done twice. */
export class Steps<S> {
  classes = 0;
  /** Of each class, does it change no state? */
  readonly observes: boolean[] = [];
  private readonly object: SequentialObject<S>;
  private readonly classByText = new Map<string, number>();
  private readonly operations: Operation[] = [];
  private readonly stateByText = new Map<string, number>();
  private readonly states: S[] = [];
  private characters = 0;
  private readonly dense: Int32Array[] = [];
  private readonly sparse = new Map<number, number>();

  constructor(object: SequentialObject<S>) {
    this.object = object;
    this.numberOf(object.initial);
  }

  get full(): boolean {
    return this.states.length > STATES_MAX || this.characters > STATE_CHARACTERS_MAX;
  }

  /** What an operation of this class is to the object's foresight. */
  resets(name: number): boolean {
    return this.object.foresight?.resets(this.operations[name] as Operation) ?? true;
  }

  leadsTo(state: number, name: number): boolean {
    const observation = this.operations[name] as Operation;
    return this.object.foresight?.leadsTo(this.states[state] as S, observation) ?? true;
  }

  /** All classes are made before the first step. */
  classOf(operation: Operation): number {
    const { f, input, output, outcome } = operation;
    const text = `${outcome} ${f} ${textOf(input)} ${textOf(output)}`;
    let found = this.classByText.get(text);
    if (found === undefined) {
      found = this.classes++;
      this.classByText.set(text, found);
      this.operations.push(operation);
      this.observes.push(this.object.observes(operation));
    }
    return found;
  }

  /** The number of the next state; negative where the answer is refused. The initial state is 0. */
  step(state: number, name: number): number {
    if (this.classes > CLASSES_DENSE_MAX) return this.sparseStep(state, name);
    let row = this.dense[state];
    if (row === undefined) {
      row = new Int32Array(this.classes).fill(UNTRIED);
      this.dense[state] = row;
    }
    const known = row[name] as number;
    if (known !== UNTRIED) return known;
    const next = this.compute(state, name);
    row[name] = next;
    return next;
  }

  private sparseStep(state: number, name: number): number {
    const key = state * this.classes + name;
    const known = this.sparse.get(key);
    if (known !== undefined) return known;
    const next = this.compute(state, name);
    this.sparse.set(key, next);
    return next;
  }

  private compute(state: number, name: number): number {
    const next = this.object.step(this.states[state] as S, this.operations[name] as Operation);
    return next === REFUSED ? -1 : this.numberOf(next);
  }

  private numberOf(state: S): number {
    const text = this.object.identify(state);
    let number = this.stateByText.get(text);
    if (number === undefined) {
      number = this.states.length;
      this.stateByText.set(text, number);
      this.states.push(state);
      this.characters += text.length;
    }
    return number;
  }
}
