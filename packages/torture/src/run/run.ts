import { setMaxListeners } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Cleanup } from "../cleanup.ts";
import { Dice } from "../dice.ts";
import {
  drawEpisodes,
  type Episode,
  type FaultType,
  type Field,
  kindOf,
  Nemesis,
  type Shape,
  type Struck,
} from "../faults/index.ts";
import { disagreement, type Finding, judgeFile } from "../judge/index.ts";
import { lasting } from "../wait.ts";
import { Load, type Phases } from "./load.ts";
import type { Options } from "./options.ts";
import { CannotRun, layOut, type Stage } from "./stage.ts";

/** What a run came to. */
export interface Outcome {
  readonly network: "namespaces" | "relays";
  readonly episodes: readonly Struck[];
  /** Faults that were asked for and could not be made, and why. */
  readonly skipped: readonly { readonly type: FaultType; readonly why: string }[];
  readonly findings: readonly Finding[];
  /** What went wrong beside the histories: members that stopped, stayed behind, or disagree. */
  readonly broken: readonly string[];
  readonly loads: readonly LoadCounts[];
}

export interface LoadCounts {
  readonly workload: string;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Milliseconds. */
  readonly longestWithoutSuccess: number;
}

const BOOT_MILLIS = 40_000;
/** After all has healed every member serves again by then. */
const RECOVERY_MILLIS = 40_000;
const PROGRESS_MILLIS = 5000;
const POLL_MILLIS = 100;
const KEYSPACE = "torture";

/**
 * One run: members, clients, faults, healing, last reads, judgement. `interrupted` ends it early, with `CannotRun`; what it has laid
 * out is in `cleanup`, whatever happens.
 */
export async function run(
  options: Options,
  tell: (line: string) => void,
  interrupted: AbortSignal,
  cleanup: Cleanup,
): Promise<Outcome> {
  const phases = phasesOf(cleanup, interrupted);
  const stage = await layOut(options, cleanup);
  await boot(options, stage, interrupted);
  if (options.profile !== null) await found(options.profile, stage, interrupted);
  tell(`${options.nodes} members of ${options.against} serve, on ${stage.network.kind}`);

  const dice = new Dice(options.seed);
  const shape = { nodes: options.nodes, frail: dice.below(options.nodes) };
  const field: Field = { ...stage, until: phases.storm.signal };
  const skipped = skippedOf(options, field, shape);
  for (const { type, why } of skipped) tell(`skipped ${type}: ${why}`);
  const types = options.faults.filter((type) => skipped.every((one) => one.type !== type));
  const episodes = drawEpisodes(dice.fork(), types, shape, options.millis);

  const loads = await begin(options, stage, dice, phases);
  const struck = await endure(options, field, episodes, phases, interrupted, tell, loads);
  if (interrupted.aborted) throw new CannotRun("interrupted");
  const broken = await settle(stage, loads, phases, interrupted, tell);
  if (interrupted.aborted) throw new CannotRun("interrupted");
  tell("stopping");
  cleanup.run();
  tell("judging");
  return {
    network: stage.network.kind,
    episodes: struck,
    skipped,
    findings: loads.flatMap(({ name, file }) => judgeFile(name, file)),
    broken,
    loads: loads.map(({ name, recorder: { counts }, longestWithoutSuccess }) => ({
      workload: name,
      ...counts,
      longestWithoutSuccess,
    })),
  };
}

/** Whatever ends the run ends what is under way. */
function phasesOf(cleanup: Cleanup, interrupted: AbortSignal): Phases {
  const phases = {
    storm: new AbortController(),
    healed: new AbortController(),
    over: new AbortController(),
  };
  const end = (): void => {
    for (const phase of [phases.storm, phases.healed, phases.over]) phase.abort();
  };
  // Every wait of a run listens.
  for (const phase of [phases.storm, phases.healed, phases.over]) setMaxListeners(0, phase.signal);
  setMaxListeners(0, interrupted);
  cleanup.add("what is under way", end);
  interrupted.addEventListener("abort", end);
  return phases;
}

async function boot(
  { report }: Options,
  { cluster }: Stage,
  interrupted: AbortSignal,
): Promise<void> {
  for (const member of cluster.members) member.boot();
  const late = await cluster.serving(BOOT_MILLIS, interrupted);
  if (interrupted.aborted) throw new CannotRun("interrupted");
  if (late.length === 0) return;
  const said = cluster.stopped.flatMap((one) => [`${one.member}: ${one.how}`, ...one.said]);
  throw new CannotRun(
    [`${late.join(", ")} did not come up; the logs are in ${report}/logs`, ...said].join("\n"),
  );
}

/** Creates the keyspace that all clients use from now on, and waits until it takes writes. */
async function found(
  profile: string,
  { cluster: { api, endpoints } }: Stage,
  interrupted: AbortSignal,
): Promise<void> {
  const [endpoint = ""] = endpoints;
  const made = await api.call(
    endpoint,
    "/keyspaces/create",
    { name: KEYSPACE, profile },
    BOOT_MILLIS,
  );
  if (made.type !== "ok") throw new CannotRun(`the keyspace was not created: ${made.why}`);
  api.use(KEYSPACE);
  const until = performance.now() + BOOT_MILLIS;
  for (;;) {
    const read = await api.call(endpoint, "/kv/range", { key: "AA==" }, PROGRESS_MILLIS);
    if (read.type === "ok" || interrupted.aborted) return;
    if (performance.now() > until) throw new CannotRun(`the keyspace does not serve: ${read.why}`);
    await lasting(POLL_MILLIS, interrupted);
  }
}

function skippedOf(
  options: Options,
  field: Field,
  shape: Shape,
): readonly { type: FaultType; why: string }[] {
  return options.faults.flatMap((type) => {
    const kind = kindOf(type);
    const small = kind.draw(new Dice(0), shape) === null;
    const why = small
      ? `${shape.nodes} members are too few`
      : (field.subject.spared[type] ?? kind.missing(field));
    return why === null ? [] : [{ type, why }];
  });
}

async function begin(
  { workloads, clients, rate, report }: Options,
  { cluster }: Stage,
  dice: Dice,
  phases: Phases,
): Promise<readonly Load[]> {
  const histories = join(report, "histories");
  mkdirSync(histories, { recursive: true });
  const each = { clients, rate: rate / workloads.length, histories };
  const loads = workloads.map((name) => new Load(name, cluster, dice.fork(), each, phases));
  for (const load of loads) await load.prepare();
  for (const load of loads) load.start();
  return loads;
}

/** Faults and clients, for as long as was asked. */
async function endure(
  { millis }: Options,
  field: Field,
  episodes: readonly Episode[],
  { storm }: Phases,
  interrupted: AbortSignal,
  tell: (line: string) => void,
  loads: readonly Load[],
): Promise<readonly Struck[]> {
  const nemesis = new Nemesis(field, tell).run(episodes);
  const progress = setInterval(() => tell(progressOf(loads)), PROGRESS_MILLIS);
  try {
    // A nemesis that fails ends the run at once.
    await Promise.race([
      lasting(millis, interrupted),
      nemesis.then(() => lasting(millis, interrupted)),
    ]);
  } finally {
    clearInterval(progress);
    storm.abort();
  }
  tell(progressOf(loads));
  return nemesis;
}

const progressOf = (loads: readonly Load[]): string =>
  loads
    .map(
      ({ name, recorder: { counts } }) => `${name} ${counts.ok}/${counts.failed}/${counts.unknown}`,
    )
    .join("  ");

/** All faults have ended: every member must serve again, say what there is, and hold what the others hold. Answers what is broken. */
async function settle(
  { cluster }: Stage,
  loads: readonly Load[],
  { healed }: Phases,
  interrupted: AbortSignal,
  tell: (line: string) => void,
): Promise<readonly string[]> {
  tell("healed; waiting for every member");
  const began = performance.now();
  const late = await cluster.serving(RECOVERY_MILLIS, interrupted);
  tell(
    `${late.length === 0 ? "all serve" : "not all serve"} after ${Math.round(performance.now() - began)} ms`,
  );
  for (const load of loads) await load.quiet();
  healed.abort();
  if (interrupted.aborted) return [];
  tell("last reads at every member that serves");
  const well = cluster.members.filter(({ name }) => !late.includes(name));
  await Promise.all(loads.map((load) => load.finish(well.map(({ client }) => client))));
  tell("comparing the members");
  const differ = await disagreement(cluster.api, well, interrupted);
  const stopped = new Set(cluster.stopped.map(({ member }) => member));
  const slow = late.filter((name) => !stopped.has(name));
  return [
    ...slow.map((name) => `${name} did not serve within ${RECOVERY_MILLIS} ms of healing`),
    ...(differ === null ? [] : [`the members do not hold the same: ${differ}`]),
    ...cluster.stopped.map(
      ({ member, how, said }) =>
        `${member} stopped by itself (${how}): ${said.slice(-5).join(" | ")}`,
    ),
  ];
}
