import { type GroupId, type KeyspaceId, SYSTEM_GROUP, SYSTEM_KEYSPACE } from "../core/index.ts";
import { SystemMachine, type SystemState } from "../machines/system/index.ts";
import type { Replica } from "./replica.ts";
import { parseTerms, type Reads } from "./terms.ts";

/** The groups that this node holds a replica of. Group 0 is there from the start, and says what the others are. */
export class Groups implements Iterable<Replica> {
  readonly #replicas = new Map<GroupId, Replica>();
  /** What readers see in each keyspace, where that is not everything; of the system state last seen. */
  #reads: ReadonlyMap<KeyspaceId, Reads> = new Map();
  #readsOf: SystemState["keyspaces"] | null = null;

  [Symbol.iterator](): Iterator<Replica> {
    return this.#replicas.values();
  }

  get ids(): readonly GroupId[] {
    return [...this.#replicas.keys()];
  }

  get size(): number {
    return this.#replicas.size;
  }

  add(replica: Replica): void {
    this.#replicas.set(replica.group, replica);
  }

  /** The system keyspace names it no more. */
  remove(group: GroupId): void {
    this.#replicas.delete(group);
  }

  get(group: GroupId): Replica | null {
    return this.#replicas.get(group) ?? null;
  }

  /** The replica that serves a keyspace here, as far as this node knows it yet. */
  of(keyspace: KeyspaceId): Replica | null {
    if (keyspace === SYSTEM_KEYSPACE) return this.get(SYSTEM_GROUP);
    const group = this.system.keyspaces.get(keyspace)?.group;
    return group === undefined ? null : this.get(group);
  }

  readsOf(keyspace: KeyspaceId): Reads {
    const { keyspaces } = this.system;
    if (keyspaces !== this.#readsOf) {
      this.#readsOf = keyspaces;
      const chosen = [...keyspaces.values()].map(
        (one) => [one.keyspace, parseTerms(one.profile)?.reads ?? "linearizable"] as const,
      );
      this.#reads = new Map(chosen.filter(([, reads]) => reads !== "linearizable"));
    }
    return this.#reads.get(keyspace) ?? "linearizable";
  }

  /** Its protocol changes no members, so it is never behind with a change of them. */
  isFixed(group: GroupId): boolean {
    return this.system.groups.get(group)?.fixed === true;
  }

  /** The system keyspace as this node has applied it. */
  get system(): SystemState {
    const machine = this.get(SYSTEM_GROUP)?.machine;
    if (!(machine instanceof SystemMachine))
      throw new RangeError("group 0 holds the system keyspace");
    return machine.state;
  }
}
