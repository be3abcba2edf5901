import type { NodeId } from "./ids.ts";

/**
 * One value for each of a handful of members: an immutable map in the order in which they were given. The engine's own
 * maps hash a big integer at every look, and a copy of one costs a hundred times as much as one of these.
 */
export class PerMember<T> {
  readonly members: readonly NodeId[];
  /** In the order of `members`. */
  readonly values: readonly T[];

  constructor(members: readonly NodeId[], values: readonly T[]) {
    this.members = members;
    this.values = values;
  }

  static of<T>(members: readonly NodeId[], first: (member: NodeId) => T): PerMember<T> {
    return new PerMember(members, members.map(first));
  }

  get(member: NodeId): T | undefined {
    const at = this.#indexOf(member);
    return at < 0 ? undefined : this.values[at];
  }

  has(member: NodeId): boolean {
    return this.#indexOf(member) >= 0;
  }

  /** With another value for one of its members. Whoever is none of them gets no value. */
  with(member: NodeId, value: T): PerMember<T> {
    const at = this.#indexOf(member);
    if (at < 0 || this.values[at] === value) return this;
    const values = this.values.slice();
    values[at] = value;
    return new PerMember(this.members, values);
  }

  /** With the value that `change` makes of each; itself where that changes none. */
  map(change: (value: T, member: NodeId) => T): PerMember<T> {
    let changed: T[] | null = null;
    for (let at = 0; at < this.members.length; at++) {
      const before = this.values[at] as T;
      const after = change(before, this.members[at] as NodeId);
      if (after === before) continue;
      changed ??= this.values.slice();
      changed[at] = after;
    }
    return changed === null ? this : new PerMember(this.members, changed);
  }

  #indexOf(member: NodeId): number {
    const { members } = this;
    for (let at = 0; at < members.length; at++) if (members[at] === member) return at;
    return -1;
  }
}
