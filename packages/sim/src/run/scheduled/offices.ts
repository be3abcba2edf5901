import { ALL_OFFICE_RULES, DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { Caller } from "../../workload/caller.ts";
import { World } from "../../world/world.ts";
import type { Schedules } from "./schedule.ts";

/** Long enough for a write without the primary that is cut off: it is declared out of step, and its tenure goes on. */
const TENURE_TICKS = 10_000;

/** The primary is cut off, another is appointed and writes; the old one is read while its tenure lasts. */
function twoAtOnce(waitOutTenure: boolean): readonly string[] {
  const options = {
    ...DEFAULT_OPTIONS,
    defaultProfile: "primary-sync",
    tenureTicks: TENURE_TICKS,
    officeRules: { ...ALL_OFFICE_RULES, waitOutTenure },
  };
  const world = new World({ seed: 1n, nodes: 3, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(TENURE_TICKS / 2);
  const old = world.leader();
  const other = world.nodes.find((node) => node !== old);
  if (old === null || other === undefined) return ["nobody was appointed"];
  const caller = new Caller(world);
  caller.put(old, "x", "before");
  world.partition(
    [old],
    world.nodes.filter((node) => node !== old),
  );
  world.run(TENURE_TICKS / 3);
  const written = caller.put(other, "x", "after");
  const seen = caller.get(old, "x");
  const isWritten = written !== "silence" && written.ok;
  const isStale = seen !== "silence" && "value" in seen && seen.value === "before";
  return isWritten && isStale
    ? [`Stale read: ${old.name} answers from before what ${other.name} wrote`]
    : [];
}

export const OFFICE_SCHEDULES = {
  officeWaitOutTenure: {
    why: "to declare the one that is cut off out of step takes nearly as long as the rest of its tenure",
    violations: twoAtOnce,
  },
} satisfies Schedules;
