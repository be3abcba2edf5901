export { base64, call, handledOk, leaderOf, put, revision } from "./api.ts";
export { type Certificates, makeCertificates } from "./certificates.ts";
export { type Cluster, type ClusterOptions, cpuOf, usingClusters } from "./cluster.ts";
export { startEtcd } from "./etcd.ts";
export {
  ask,
  cpuMicros,
  cpuMicrosByThread,
  type Measured,
  residentMiB,
  run,
  stop,
} from "./processes.ts";
export { startQuorate } from "./quorate.ts";
