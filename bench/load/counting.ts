import { type Cluster, cpuOf, handledOk, residentMiB, revision } from "../clusters/index.ts";
import type { Call } from "./calls.ts";

/** What was done while something loaded a cluster. */
export interface Done {
  readonly count: number;
  readonly perSecond: number;
  /** CPU over all members per operation done. */
  readonly cpuMicros: number;
  /** Of the member that holds most. */
  readonly residentMiB: number;
}

/** Counts by what `count` says before and after, not by what the load tool says, which takes a failed call for a success. */
export async function doneBy(
  cluster: Cluster,
  count: () => Promise<number>,
  load: () => Promise<void>,
): Promise<Done> {
  const [before, cpuBefore, since] = [await count(), cpuOf(cluster), performance.now()];
  await load();
  const seconds = (performance.now() - since) / 1000;
  const cpu = cpuOf(cluster) - cpuBefore;
  const done = (await count()) - before;
  return {
    count: done,
    perSecond: done / seconds,
    cpuMicros: cpu / Math.max(1, done),
    residentMiB: Math.max(...cluster.members.map(residentMiB)),
  };
}

/** By the servers: the store's revision, which every write raises by one, or their own counters. */
export const countOf = (cluster: Cluster, { counted }: Call): (() => Promise<number>) =>
  counted === "revision"
    ? () => revision(cluster.clients[0] ?? "")
    : () => handledOk(cluster, counted);
