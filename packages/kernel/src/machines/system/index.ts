export {
  decodeSystemCommand,
  decodeSystemState,
  encodeSystemCommand,
  encodeSystemState,
  type SystemCommand,
  SystemKind,
} from "./codec.ts";
export { SystemMachine } from "./machine.ts";
export { isFree } from "./offices.ts";
export {
  clusterVersionOf,
  learnersOf,
  type SystemGroup,
  type SystemKeyspace,
  type SystemNode,
  type SystemState,
  type Tenure,
  votersOf,
} from "./state.ts";
