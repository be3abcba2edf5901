export { freePorts } from "./cluster/index.ts";
export { FAULT_TYPES } from "./faults/index.ts";
export { type Finding, judge } from "./judge/index.ts";
export { type Io, tortureCommand } from "./torture-command.ts";
export { WORKLOADS } from "./workloads/index.ts";
