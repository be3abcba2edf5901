import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handledOk, leaderOf, revision } from "./api.ts";
import type { Cluster } from "./clusters.ts";
import { cpuMicros, residentMiB, run } from "./processes.ts";

export type Method = "Put" | "Range";

/** One measurement: what the load tool asked for, and what the servers say they did. */
export interface Sample {
  readonly perSecond: number;
  /** CPU over all members per operation done. */
  readonly cpuMicrosPerOperation: number;
  readonly residentMiB: number;
  readonly done: number;
}

const folder = mkdtempSync(join(tmpdir(), "bench-load-"));
const BODIES: Readonly<Record<Method, string>> = {
  Put: bodyFile("put", [0x0a, 4, ...ascii("key1"), 0x12, 32, ...ascii("v".repeat(32))]),
  Range: bodyFile("range", [0x0a, 4, ...ascii("key1")]),
};

/**
 * Loads the leader over gRPC with so many calls in flight, for about `seconds`. A load tool counts a failed call as a success,
 * so puts are counted by the store's revision, ranges by the server's own counter.
 */
export async function load(
  cluster: Cluster,
  method: Method,
  inFlight: number,
  seconds: number,
): Promise<Sample> {
  const client = cluster.clients[await leaderOf(cluster)] ?? "";
  const connections = inFlight > 100 ? 10 : 1;
  const flags = [
    "-D",
    String(seconds),
    "-c",
    String(connections),
    "-m",
    String(inFlight / connections),
    "-t",
    "1",
  ];
  flags.push("-H", "content-type: application/grpc", "-H", "te: trailers", "-d", BODIES[method]);
  const count = (): Promise<number> =>
    method === "Put" ? revision(client) : handledOk(cluster, "Range");
  const [before, cpuBefore, since] = [await count(), cpuOf(cluster), performance.now()];
  await run("h2load", [...flags, `http://${client}/etcdserverpb.KV/${method}`]);
  const elapsed = (performance.now() - since) / 1000;
  const cpu = cpuOf(cluster) - cpuBefore;
  const done = (await count()) - before;
  return {
    perSecond: done / Math.max(seconds, elapsed),
    cpuMicrosPerOperation: cpu / Math.max(1, done),
    residentMiB: Math.max(...cluster.members.map(residentMiB)),
    done,
  };
}

const cpuOf = (cluster: Cluster): number =>
  cluster.members.reduce((sum, member) => sum + cpuMicros(member), 0);

function bodyFile(name: string, message: readonly number[]): string {
  const path = join(folder, name);
  writeFileSync(path, Uint8Array.from([0, 0, 0, 0, message.length, ...message]));
  return path;
}

function ascii(text: string): readonly number[] {
  return [...Buffer.from(text)];
}
