import type { GroupId, LogIndex } from "@quorate/kernel/core";
import { GroupObserver } from "../observers/index.ts";
import type { SimNode } from "./sim-node.ts";

/** Violations kept: after the first the world stops, and one step can break only so much. */
const VIOLATIONS_MAX = 100;

/**
 * The omniscient observer: after every turn it holds the paper's properties against what changed in that turn, so that
 * a violation is found at the step that made it.
 */
export class Observer {
  readonly #groups = new Map<GroupId, GroupObserver>();
  readonly #violations: string[] = [];

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** The highest index that any replica has handed out as committed. */
  committedUpTo(group: GroupId): LogIndex {
    return this.#groups.get(group)?.committedUpTo ?? (0 as LogIndex);
  }

  turned(node: SimNode): void {
    const { kernel } = node;
    if (kernel === null) return;
    for (const { group, state } of kernel.ran)
      for (const violation of this.#group(group).look(state)) this.#report(violation);
  }

  /** A node took turn after turn and had nothing to do: what it waits for does not come by waking. */
  spun(node: SimNode, turns: number): void {
    this.#report(`Spinning: ${node.name} took ${turns} turns in a second without input or effect`);
  }

  /** A node came back: what it knows starts anew, but its term must not have fallen. */
  restarted(node: SimNode): void {
    for (const group of this.#groups.values()) group.forget(node.id);
  }

  #group(group: GroupId): GroupObserver {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const fresh = new GroupObserver();
    this.#groups.set(group, fresh);
    return fresh;
  }

  #report(violation: string): void {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push(violation);
  }
}
