import { Nemesis } from "../faults/index.ts";
import { finalStates, isLevel } from "../run/final-state.ts";
import type { RunPlan } from "../run/plan.ts";
import { demandProgress } from "../run/progress.ts";
import { worldOf } from "../run/run.ts";
import type { World } from "../world/world.ts";
import { type Answers, Probes, type Request, type Standing } from "./probes.ts";
import { Recovery } from "./recovery.ts";
import { Sides } from "./sides.ts";

/** What one run says of availability (catalogue G7). Times are microseconds of the world. */
export interface Availability {
  readonly answers: Readonly<Record<Request, Readonly<Record<Standing, Answers>>>>;
  /** Of requests that were answered where there was a majority. */
  readonly latencies: Readonly<Record<Request, readonly number[]>>;
  readonly longestMicros: number;
  readonly recoveries: readonly number[];
  readonly interrupted: number;
  readonly acknowledged: number;
  /** Writes that were acknowledged and are not there in the end. */
  readonly lost: number;
  /** Safety properties and assertions that broke, and a cluster that does not come to rest. */
  readonly broken: readonly string[];
}

/** The nodes are looked at so often: what lasts less goes unseen. */
const LOOK_MICROS = 10_000;
const PROBED_MILLIS = 10_000;
/** Until the last answer is there, or certainly does not come. */
const LAST_ANSWER_MILLIS = 2000;
const LEVEL_MILLIS = 5000;

/**
 * A plan's world, settings and faults, with probes in the place of its clients: they ask every node, and never wait for one
 * another, so that what is not answered is seen. What fails inside a replica is a finding here, too.
 */
export function availabilityOf(plan: RunPlan): Availability {
  const world = worldOf(plan);
  const sides = new Sides(world);
  const recovery = new Recovery(world, sides);
  const probes = new Probes(world, sides, plan.reads, () => recovery.written());
  const failed: string[] = [];
  try {
    failed.push(...probe(world, plan, { sides, recovery, probes }));
  } catch (error) {
    failed.push(error instanceof Error ? error.message : String(error));
  }
  const { answers, latencies, acknowledged } = probes;
  const { longestMicros, recoveries, interrupted } = recovery;
  return {
    answers,
    latencies,
    longestMicros,
    recoveries,
    interrupted,
    acknowledged: [...acknowledged.values()].reduce((sum, count) => sum + count, 0),
    lost: failed.length > 0 ? 0 : lostOf(world, acknowledged),
    broken: [...world.observer.violations, ...failed],
  };
}

interface Instruments {
  readonly sides: Sides;
  readonly recovery: Recovery;
  readonly probes: Probes;
}

/** Gives what is wrong with the cluster after all has healed. */
function probe(
  world: World,
  { episodes }: RunPlan,
  { sides, recovery, probes }: Instruments,
): readonly string[] {
  world.boot().until(() => world.leader() !== null, 10_000);
  let over = false;
  const look = (): void => {
    if (over) return;
    sides.look();
    recovery.look();
    world.agenda.after(LOOK_MICROS, look);
  };
  look();
  const nemesis = new Nemesis(world).start(episodes);
  probes.start();
  world.run(PROBED_MILLIS);
  over = true;
  recovery.stop();
  probes.stop();
  world.run(LAST_ANSWER_MILLIS);
  nemesis.stop();
  world.run(nemesis.millisLeft);
  // Only a member that has applied a write of now has applied all that was acknowledged before.
  const stuck = demandProgress(world);
  if (stuck.length > 0) return stuck;
  const level = world.until(() => isLevel(world), LEVEL_MILLIS);
  return level ? [] : [`replicas not at one index within ${LEVEL_MILLIS} ms after all healed`];
}

function lostOf(world: World, acknowledged: ReadonlyMap<string, number>): number {
  const states = finalStates(world, [...acknowledged.keys()]);
  return [...acknowledged].reduce((lost, [key, count]) => {
    const versions = states.flatMap(({ stored }) =>
      stored.filter((one) => one.key === key).map(({ version }) => version),
    );
    return lost + Math.max(0, count - Math.max(0, ...versions));
  }, 0);
}
