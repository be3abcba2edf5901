export {
  decodeSystemCommand,
  decodeSystemState,
  encodeSystemCommand,
  encodeSystemState,
  type SystemCommand,
  SystemKind,
} from "./codec.ts";
export { SystemMachine } from "./machine.ts";
export { appointed, firstOffice, isFree, petitioned, renewed } from "./offices.ts";
export {
  CACHES_VERSION,
  clusterVersionOf,
  learnersOf,
  type SystemGroup,
  type SystemKeyspace,
  type SystemNode,
  type SystemState,
  type Tenure,
  votersOf,
} from "./state.ts";
