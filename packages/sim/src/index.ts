export { type Answer, Caller, type Seen } from "./caller.ts";
export { Clients, REGISTERS, readKey, type Workload } from "./clients.ts";
export { Dice } from "./dice.ts";
export { Disk, type DiskFaults, HEALTHY_DISK } from "./disk.ts";
export {
  deleteRequest,
  leaseGrantRequest,
  leaseKeepAliveRequest,
  putRequest,
  watchRequest,
} from "./etcd-requests.ts";
export { flipMemory } from "./memory.ts";
export { ALL_FAULTS, type FaultKind, Nemesis } from "./nemesis.ts";
export { CALM_NETWORK, Network, type NetworkFaults } from "./network.ts";
export { Observer } from "./observer.ts";
export { type RunReport, type RunSetup, runSeed } from "./run.ts";
export { type ClockFault, type SimCaller, SimNode, type SimWatcher } from "./sim-node.ts";
export {
  type Flight,
  idOf,
  type Name,
  put,
  RaftCluster,
  type RaftClusterSetup,
  Stepper,
  type StepperSetup,
} from "./stepper/index.ts";
export { World, type WorldSetup } from "./world.ts";
