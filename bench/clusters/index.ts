export { base64, call, compact, handledOk, idsOf, leaderOf, put, revision } from "./api.ts";
export { type Certificates, makeCertificates } from "./certificates.ts";
export { type Cluster, type ClusterOptions, cpuOf, usingClusters } from "./cluster.ts";
export { type Counters, countersOf } from "./counters.ts";
export { limitEgress } from "./egress.ts";
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
export { Relays } from "./relays.ts";
