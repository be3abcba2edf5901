import type { Spent } from "../budget.ts";
import type { Operation } from "../history/index.ts";

/** Steps of each search, and operations looked at in all of them: a core is a help to a reader, and may not cost much. */
export const SHRINK_STEPS_MAX = 20_000;
const SHRINK_WORK_MAX = 1_000_000;

/** A part of a history that still breaks; `minimal` where nothing more can be left out. */
export interface Core {
  readonly operations: readonly Operation[];
  readonly minimal: boolean;
}

/**
 * Leaves out groups of operations while it still breaks: large heaps of groups first, then ever smaller ones (Zeller and
 * Hildebrandt 2002), until no single group can be spared.
 */
export function shrink(
  operations: readonly Operation[],
  groupsOf: (operations: readonly Operation[]) => readonly (readonly Operation[])[],
  breaks: (operations: readonly Operation[]) => {
    readonly broken: boolean;
    readonly steps: number;
  },
  spent: Spent,
): Core {
  let core = operations;
  let work = 0;
  for (let size = Math.max(1, groupsOf(core).length >> 1); ; ) {
    let spared = false;
    const groups = groupsOf(core);
    for (let i = 0; i < groups.length; i += size) {
      if (work > SHRINK_WORK_MAX || spent()) return { operations: core, minimal: false };
      const without = new Set(groups.slice(i, i + size).flat());
      const rest = core.filter((operation) => !without.has(operation));
      if (rest.length === core.length) continue;
      const { broken, steps } = breaks(rest);
      work += rest.length + steps;
      if (!broken) continue;
      core = rest;
      spared = true;
      // Groups were made for the whole; what is left out may change what else can be.
      if (size === 1) break;
    }
    if (size === 1 && !spared) return { operations: core, minimal: true };
    size = Math.max(1, Math.min(size >> 1, groups.length >> 1));
  }
}
