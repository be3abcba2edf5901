import { DISK_FAULTS } from "./disk.ts";
import type { Fault, FaultKind, FaultType, KindOf } from "./fault.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { OTHER_FAULTS } from "./other.ts";
import { PROCESS_FAULTS } from "./process.ts";

const KINDS: { readonly [T in FaultType]: KindOf<T> } = {
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...OTHER_FAULTS,
};

/** All faults, by name. */
export const FAULT_TYPES = Object.keys(KINDS).sort() as readonly FaultType[];

/** How faults of a type are drawn and made. */
export const kindOf = (type: FaultType): FaultKind<Fault> =>
  KINDS[type] as unknown as FaultKind<Fault>;

/** The types of a family, or the type of that name; null where there is neither. */
export function faultsNamed(name: string): readonly FaultType[] | null {
  if (name === "all") return FAULT_TYPES;
  if (name === "none") return [];
  const family = FAULT_TYPES.filter((type) => kindOf(type).family === name);
  if (family.length > 0) return family;
  const type = FAULT_TYPES.find((known) => known === name);
  return type === undefined ? null : [type];
}
