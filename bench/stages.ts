import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ask,
  type Cluster,
  cpuMicrosByThread,
  leaderOf,
  type Measured,
  put,
  startQuorate,
  usingClusters,
} from "./clusters/index.ts";
import { type CpuProfile, selfMicros } from "./cpu-profile.ts";
import { figure } from "./figures.ts";
import { countOf, h2load, PUT, STORED_KEY, STORED_VALUE } from "./load/index.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { STAGES, type Stage, stageOf } from "./stage.ts";
import { markdown, rounded, summary } from "./table.ts";

const IN_FLIGHT = 1000;
const LEADER_MICROS_MAX = 6;
const FOLLOWER_MICROS_MAX = 3;
const TOP_FUNCTIONS = 25;
/** After a profile was begun, until leadership stands again. */
const SETTLE_MILLIS = 5000;
/** Beside the thread that runs JavaScript. */
const OTHER_THREADS = {
  "V8's threads: collector, compiler": /^V8Worker|^DelayedTaskSche/,
  "libuv's threads: writes, syncs": /^libuv-worker/,
} as const;

type Role = "leader" | "follower";

/** CPU that one member used for each put, in microseconds, by the names of its threads. */
type Spent = ReadonlyMap<string, number>;

const spentIn = (spent: Spent, threads: RegExp): number =>
  [...spent].reduce((sum, [name, micros]) => sum + (threads.test(name) ? micros : 0), 0);

/**
 * What a put costs leader and follower, stage by stage. How much is taken from the system's account of a load without a profiler; a
 * profile of the same load then says how the thread that runs JavaScript divides it.
 */
export async function stages({ quick }: RowOptions): Promise<RowResult> {
  const [rounds, seconds] = quick ? [1, 2] : [5, 4];
  return usingClusters([() => startQuorate({ base: 26_440 })], async ([cluster]) => {
    if (cluster === undefined) throw new Error("no cluster");
    await put(cluster.clients[0] ?? "", STORED_KEY, STORED_VALUE);
    await h2load(cluster, PUT, IN_FLIGHT, 2);
    const spent: Record<Role, Spent>[] = [];
    for (let round = 0; round < rounds; round++) {
      spent.push(await spentBy(cluster, seconds));
      process.stderr.write(`  put at ${IN_FLIGHT}: round ${round + 1} of ${rounds}\n`);
    }
    const profiles = await profile(cluster, seconds);
    const whole = (role: Role) => spent.map((one) => ({ value: spentIn(one[role], /^/) }));
    const figures = [
      figure({
        what: `CPU of a put, ${IN_FLIGHT} in flight, leader`,
        unit: "µs",
        quorate: whole("leader"),
        target: { max: LEADER_MICROS_MAX },
      }),
      figure({
        what: `CPU of a put, ${IN_FLIGHT} in flight, a follower`,
        unit: "µs",
        quorate: whole("follower"),
        target: { max: FOLLOWER_MICROS_MAX },
      }),
    ];
    const budget = { leader: budgetOf("leader"), follower: budgetOf("follower") };
    const data = { spent: spent.map(plain), budget, profiles };
    return { figures, text: render(budget, profiles), data };

    function budgetOf(role: Role): Readonly<Record<string, number>> {
      const median = (threads: RegExp): number =>
        summary(spent.map((one) => spentIn(one[role], threads))).median;
      const main = median(/^MainThread|^node/);
      const inside = profiles[role].stages.map(([stage, share]) => [stage, share * main] as const);
      const beside = Object.entries(OTHER_THREADS).map(
        ([stage, threads]) => [stage, median(threads)] as const,
      );
      return Object.fromEntries([...inside, ...beside]);
    }
  });
}

const plain = ({ leader, follower }: Record<Role, Spent>): object => ({
  leader: Object.fromEntries(leader),
  follower: Object.fromEntries(follower),
});

type Roles = Readonly<Record<Role, Measured>>;

/** Loads and measures while one member leads throughout. Throws where leadership moved: what was measured is nobody's. */
async function underOneLeader<T>(
  cluster: Cluster,
  seconds: number,
  measure: (members: Roles, load: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const index = await leaderOf(cluster);
  const leader = cluster.members[index];
  const follower = cluster.members[(index + 1) % cluster.members.length];
  if (leader === undefined || follower === undefined) throw new Error("no members");
  const load = async (): Promise<void> => {
    await h2load(cluster, PUT, IN_FLIGHT, seconds);
    if ((await leaderOf(cluster)) !== index) throw new Error("leadership moved under the load");
  };
  return measure({ leader, follower }, load);
}

function spentBy(cluster: Cluster, seconds: number): Promise<Record<Role, Spent>> {
  return underOneLeader(cluster, seconds, async (members, load) => {
    const count = countOf(cluster, PUT);
    const look = () => ({
      leader: cpuMicrosByThread(members.leader),
      follower: cpuMicrosByThread(members.follower),
    });
    const [putsBefore, before] = [await count(), look()];
    await load();
    const after = look();
    const puts = Math.max(1, (await count()) - putsBefore);
    const spent = (role: Role): Spent =>
      new Map(
        [...after[role]].map(([name, micros]) => [
          name,
          (micros - (before[role].get(name) ?? 0)) / puts,
        ]),
      );
    return { leader: spent("leader"), follower: spent("follower") };
  });
}

interface Profiled {
  /** Shares of the time in which the thread was not idle. */
  readonly stages: readonly (readonly [Stage, number])[];
  readonly functions: readonly (readonly [string, number])[];
}

async function profile(
  cluster: Cluster,
  seconds: number,
): Promise<Readonly<Record<Role, Profiled>>> {
  const folder = mkdtempSync(join(tmpdir(), "bench-profile-"));
  // To begin a profile stops a node for so long that another may lead then: all begin, and then it is seen who leads.
  for (const member of cluster.members) await ask(member, "profile", /^profiling$/);
  await sleep(SETTLE_MILLIS);
  try {
    return await underOneLeader(cluster, seconds, async (members, load) => {
      await load();
      const read = async (role: Role): Promise<Profiled> => {
        const file = join(folder, role);
        await ask(members[role], `profiled ${file}`, /^written$/);
        return profiledOf(JSON.parse(readFileSync(file, "utf8")) as CpuProfile);
      };
      return { leader: await read("leader"), follower: await read("follower") };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function profiledOf(cpuProfile: CpuProfile): Profiled {
  const byStage = new Map<Stage, number>(STAGES.map((stage) => [stage, 0]));
  const byFunction = new Map<string, number>();
  let busy = 0;
  for (const [frame, micros] of selfMicros(cpuProfile)) {
    const stage = stageOf(frame);
    if (stage === null) continue;
    busy += micros;
    byStage.set(stage, (byStage.get(stage) ?? 0) + micros);
    const where = frame.url.replace(/^.*\/(packages\/|node_modules\/)/, "");
    const name = `${frame.functionName || "(anonymous)"} ${where}`.trim();
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros);
  }
  const share = <K>([key, micros]: readonly [K, number]) => [key, micros / busy] as const;
  const functions = [...byFunction].sort(([, a], [, b]) => b - a).slice(0, TOP_FUNCTIONS);
  return { stages: [...byStage].map(share), functions: functions.map(share) };
}

function render(
  budget: Readonly<Record<Role, Readonly<Record<string, number>>>>,
  profiles: Readonly<Record<Role, Profiled>>,
): string {
  const rows = [...STAGES, ...Object.keys(OTHER_THREADS)].map((stage) => [
    stage,
    rounded(budget.leader[stage] ?? 0),
    rounded(budget.follower[stage] ?? 0),
  ]);
  const top = (role: Role): string =>
    profiles[role].functions
      .map(([name, share]) => `${(100 * share).toFixed(1).padStart(5)} %  ${name}`)
      .join("\n");
  const table = markdown(["stage", "leader µs", "follower µs"], rows);
  return `${table}\n\nLeader, by function:\n\n${top("leader")}\n\nFollower:\n\n${top("follower")}`;
}
