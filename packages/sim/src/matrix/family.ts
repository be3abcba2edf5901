import { FAULT_TYPES, type FaultType, kindOf } from "../faults/index.ts";
import type { Profile } from "../profiles/index.ts";
import { NO_CUTS, type RunCode } from "../run/run-code.ts";

/** Faults that a column of the matrix draws from. */
export interface Family {
  readonly name: string;
  readonly faults: readonly FaultType[];
}

const names = [...new Set(FAULT_TYPES.map((type) => kindOf(type).family))].sort();

/** No faults at all, those of each family alone, and all of them together. */
export const FAMILIES: readonly Family[] = [
  { name: "none", faults: [] },
  ...names.map((name) => ({
    name,
    faults: FAULT_TYPES.filter((type) => kindOf(type).family === name),
  })),
  { name: "all", faults: FAULT_TYPES },
];

/** Every so manieth run has five nodes, the others three: one alone has no minority, and nothing to agree on. */
const FIVE_NODES_EVERY = 3;

/**
 * The run of a cell. Its seed also draws delays, lost frames, slow disks and skewed clocks, whatever the family; only where
 * there are to be no faults all of that is exact.
 */
export const codeOf = (profile: Profile, family: Family, seed: number): RunCode => ({
  seed: BigInt(seed),
  options: {
    ...profile.options,
    nodes: seed % FIVE_NODES_EVERY === 0 ? 5 : 3,
    ...(family.name !== "all" && { faults: family.faults }),
  },
  cuts: { ...NO_CUTS, straight: family.faults.length === 0 },
});
