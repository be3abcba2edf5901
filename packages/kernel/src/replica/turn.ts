import type { Now } from "../core/index.ts";
import type { Replica } from "./replica.ts";
import type { NodeEffect } from "./seam.ts";

const NOBODY: readonly Replica[] = [];
const NOTHING: readonly NodeEffect[] = [];

/** A node's turn while it runs: its time, what it asks of the host, and the groups that must run before it ends. */
export class Turn {
  #now: Now;
  #ran: readonly Replica[] = NOBODY;
  #effects: NodeEffect[] = [];
  #touched = new Set<Replica>();

  constructor(now: Now) {
    this.#now = now;
  }

  get now(): Now {
    return this.#now;
  }

  /** The groups that ran, some more than once: in all others nothing changed. */
  get ran(): readonly Replica[] {
    return this.#ran;
  }

  begin(now: Now): void {
    this.#now = now;
    this.#ran = NOBODY;
  }

  get isQuiet(): boolean {
    return this.#touched.size === 0;
  }

  ask(effect: NodeEffect): void {
    this.#effects.push(effect);
  }

  touch(replica: Replica | null): void {
    if (replica !== null) this.#touched.add(replica);
  }

  /** Something happened to this group: it runs before the turn ends. */
  feed(replica: Replica, input: Parameters<Replica["input"]>[0]): void {
    replica.input(input);
    this.#touched.add(replica);
  }

  /** The groups that were touched, in the order of their ids; each once. */
  takeTouched(): readonly Replica[] {
    if (this.#touched.size === 0) return NOBODY;
    const replicas = [...this.#touched];
    if (replicas.length > 1) replicas.sort((a, b) => a.group - b.group);
    this.#touched.clear();
    if (this.#ran.length === 0) this.#ran = replicas;
    else this.#ran = [...this.#ran, ...replicas];
    return replicas;
  }

  takeEffects(): readonly NodeEffect[] {
    const effects = this.#effects;
    if (effects.length === 0) return NOTHING;
    this.#effects = [];
    return effects;
  }
}
