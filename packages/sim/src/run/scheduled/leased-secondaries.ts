import { type PrimaryCluster, primaryCluster } from "../../stepper/index.ts";
import type { Schedules } from "./schedule.ts";

/** Secondaries answer readers within a lease. S3 has one, and hears nothing more; a write is under way. */
function leased(rule: "waitOutLease" | "readWithinLease", on: boolean): PrimaryCluster {
  const settings = { reads: "leased", leaseTicks: 800, shrinkTicks: 200 } as const;
  const c = primaryCluster({ replicas: 3, seed: 8n, rules: { [rule]: on }, settings });
  c.appoint("S1");
  c.net.deliver();
  c.write("S1", "a").beat("S1").beat("S1");
  c.among("S1", "S2").propose("S1", "b");
  c.net.deliver();
  return c;
}

/** So much later the write may go on without S3, which is read. */
function readAt(c: PrimaryCluster, ticks: number): readonly string[] {
  c.net.run(ticks);
  c.decide("S1", "S2").net.deliver();
  const { commitIndex } = c.state("S1");
  const at = c.read("S3");
  return at !== null && at < commitIndex
    ? [`Stale: S3 answers at ${at} of ${commitIndex}`]
    : c.violations;
}

export const LEASED_SECONDARY_SCHEDULES = {
  primaryWaitOutLease: {
    why: "a secondary must be cut off from its primary alone, and asked by a reader, within the part of a lease that a write waits less for",
    violations: (on) => readAt(leased("waitOutLease", on), 300),
  },
  primaryReadWithinLease: {
    why: "a secondary must be cut off from its primary and from group 0, and asked before it notices that it hears nobody",
    violations: (on) => readAt(leased("readWithinLease", on), 1000),
  },
} satisfies Schedules;
