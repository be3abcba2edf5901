export { type Answer, Api, base64, fromBase64, prefixEnd } from "./api.ts";
export { Cluster } from "./cluster.ts";
export type { Member } from "./member.ts";
export { freePorts } from "./ports.ts";
export { etcd, quorate, type Subject } from "./subject.ts";
