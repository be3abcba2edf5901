export { DAMAGING } from "./disk.ts";
export type { Episode, Fault, FaultKind, FaultType, Shape } from "./fault.ts";
export { FAULT_TYPES, faultsNamed, kindOf } from "./kinds.ts";
export { MEMBERSHIP_FAULTS } from "./members.ts";
export { Nemesis } from "./nemesis.ts";
