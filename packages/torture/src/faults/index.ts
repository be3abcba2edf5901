export { drawEpisodes } from "./draw.ts";
export type { Bite, Episode, Fault, FaultType, Field, Shape } from "./fault.ts";
export { FAULT_TYPES, faultsNamed, kindOf } from "./kinds.ts";
export { Nemesis, type Struck } from "./nemesis.ts";
