export type { AppointedCluster, AppointedState } from "./appointed-cluster.ts";
export { Authority } from "./authority.ts";
export { type ChainCluster, chainCluster } from "./chain-cluster.ts";
export { PaxosCluster, type PaxosClusterSetup } from "./paxos-cluster.ts";
export { type PrimaryCluster, primaryCluster } from "./primary-cluster.ts";
export {
  idOf,
  type Name,
  nameOf,
  put,
  RaftCluster,
  type RaftClusterSetup,
} from "./raft-cluster.ts";
export { type Flight, type InstallationStep, Stepper, type StepperSetup } from "./stepper.ts";
export { ZabCluster, type ZabClusterSetup } from "./zab-cluster.ts";
