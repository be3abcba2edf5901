export { type Cost, costsPage, measureCosts, runsPage } from "./costs/index.ts";
export {
  type Episode,
  FAULT_TYPES,
  type Fault,
  type FaultType,
  faultsNamed,
  Nemesis,
} from "./faults/index.ts";
export {
  type Availability,
  availabilityOf,
  type Cell,
  type Column,
  type Counts,
  codeOf,
  contradictions,
  FAMILIES,
  type Family,
  jsonOf,
  type Matrix,
  type MatrixSetup,
  measure,
  pageOf,
  perform,
  type Result,
  type RunVerdict,
  type RunVerdicts,
  type Task,
  verdictsOf,
  weakerThan,
} from "./matrix/index.ts";
export { GroupObserver } from "./observers/index.ts";
export { PROFILES, type Profile, profileNamed } from "./profiles/index.ts";
export { drawPlan } from "./run/draw.ts";
export { CLUSTER_MODELS, type Findings, HISTORY_MODELS, MODELS, type Model } from "./run/model.ts";
export { judge, mutantOf, type Verdict as MutantVerdict } from "./run/mutant.ts";
export type { ProductPlan, RunOptions, RunPlan } from "./run/plan.ts";
export { EVERY_RULE, RULES, type Rule, type Rules, rulesOf } from "./run/rules.ts";
export { type RunReport, run, runSeed } from "./run/run.ts";
export {
  BOUNDS,
  type Cuts,
  decodeRun,
  encodeRun,
  NO_CUTS,
  planOf,
  type RunCode,
} from "./run/run-code.ts";
export { scenarioOf } from "./run/scenario.ts";
export {
  beforeAsking,
  beforeChange,
  chainSchedules,
  duel,
  rebuiltByNewLeader,
  rebuiltInPart,
  SCHEDULED,
  type Scheduled,
  twoChanges,
} from "./run/scheduled/index.ts";
export { breaksLike, type Oracle, type Shrunk, shrink } from "./run/shrink.ts";
export {
  type AppointedCluster,
  type AppointedState,
  Authority,
  type ChainCluster,
  chainCluster,
  type Flight,
  type InstallationStep,
  idOf,
  type Name,
  nameOf,
  PaxosCluster,
  type PaxosClusterSetup,
  type PrimaryCluster,
  primaryCluster,
  put,
  RaftCluster,
  type RaftClusterSetup,
  Stepper,
  type StepperSetup,
  ZabCluster,
  type ZabClusterSetup,
} from "./stepper/index.ts";
export { type Answer, Caller, type Seen } from "./workload/caller.ts";
export { Clients, REGISTERS, readKey, type Workload } from "./workload/clients.ts";
export {
  deleteRequest,
  leaseGrantRequest,
  leaseKeepAliveRequest,
  putRequest,
  watchRequest,
} from "./workload/etcd-requests.ts";
export { LevelledWrites } from "./workload/levelled-writes.ts";
export { type ClockFault, NodeClock } from "./world/clock.ts";
export { Dice } from "./world/dice.ts";
export { Disk, type DiskFaults, HEALTHY_DISK } from "./world/disk.ts";
export { flipMemory } from "./world/memory.ts";
export { CALM_NETWORK, Network, type NetworkFaults } from "./world/network.ts";
export type { SimCaller, SimWatcher } from "./world/node-parts.ts";
export { Observer } from "./world/observer.ts";
export { driftOf, type Recorded, Recorder } from "./world/recorder.ts";
export { SimNode } from "./world/sim-node.ts";
export { World, type WorldSetup } from "./world/world.ts";
