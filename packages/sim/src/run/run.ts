import { type EtcdOptions, QUOTA_BYTES_DEFAULT } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, type NodeOptions, standardProfiles } from "@quorate/kernel/replica";
import { checkLinearizableRegisters, type History, REGISTER } from "@quorate/verify";
import { DAMAGING, type FaultType, Nemesis } from "../faults/index.ts";
import { promisedTo } from "../profiles/index.ts";
import { CachingClients } from "../workload/caching-clients.ts";
import { Clients } from "../workload/clients.ts";
import { Keepsake } from "../workload/keepsake.ts";
import { LeaseHolders } from "../workload/lease-holders.ts";
import { LevelledWrites } from "../workload/levelled-writes.ts";
import { LocalReaders } from "../workload/local-readers.ts";
import { Watching } from "../workload/watching.ts";
import { CALM_NETWORK } from "../world/network.ts";
import type { Recorder } from "../world/recorder.ts";
import { World } from "../world/world.ts";
import { drawPlan } from "./draw.ts";
import { divergence, finalStates, isLevel, losses } from "./final-state.ts";
import { changesMembers, settleMembers } from "./membership.ts";
import type { Findings, Model } from "./model.ts";
import type { RunOptions, RunPlan } from "./plan.ts";
import { demandProgress } from "./progress.ts";
import { rulesOf } from "./rules.ts";
import { bounded } from "./search.ts";
import { tryOut } from "./trials.ts";

/** What came of a run. */
export interface RunReport {
  readonly plan: RunPlan;
  /** What broke, in words; empty when all promises held. */
  readonly broken: readonly string[];
  /** The same by promise; of the models of histories only what reads of that kind promise. */
  readonly findings: Findings;
  readonly history: History;
  readonly operationsOk: number;
  readonly simulatedMillis: number;
  readonly traceHash: number;
  readonly events: number;
  readonly story: readonly string[];
  /** How often each type of fault took effect. */
  readonly bites: ReadonlyMap<FaultType, number>;
}

/** Within this time after all is over the replicas stand at one index: followers hear of the last commit by a heartbeat. */
const LEVEL_MILLIS = 5000;
const ETCD: EtcdOptions = {
  quotaBytes: QUOTA_BYTES_DEFAULT,
  txnOpsMax: 128,
  leaseTtlSecondsMin: 2,
  leasesMax: 1000,
  watchersMax: 1000,
};
/** With none at all votes may be split for ever: it is what Raft's liveness stands on (§5.2). */
const ALPHA_MAX = 512;
const LITTLE_JITTER_TICKS = 100;
/** Notes that mean damage was found. */
const REPAIR_NOTES: readonly string[] = ["group repairing", "replica deviates"];

/** One seeded run, as the seed draws it. */
export const runSeed = (setup: RunOptions & { readonly seed: bigint }): RunReport =>
  run(drawPlan(setup.seed, setup));

/**
 * Nodes, clients and faults as planned; then all heals, progress is demanded, and the promises are checked. What fails
 * inside a replica is a finding like any other.
 */
export function run(plan: RunPlan, recorder: Recorder | null = null): RunReport {
  const world = worldOf(plan);
  world.trace.recorder = recorder;
  try {
    return runIn(world.boot(), plan);
  } catch (error) {
    const broken = [error instanceof Error ? error.message : String(error)];
    return {
      plan,
      broken,
      findings: new Map([["invariants", broken]]),
      history: [],
      operationsOk: 0,
      ...traceOf(world),
      bites: new Map(),
    };
  }
}

const traceOf = (
  world: World,
): Pick<RunReport, "simulatedMillis" | "traceHash" | "events" | "story"> => ({
  simulatedMillis: Math.floor(world.agenda.now / 1000),
  traceHash: world.trace.hash,
  events: world.trace.events,
  story: world.trace.lines,
});

function runIn(world: World, plan: RunPlan): RunReport {
  world.until(() => world.leader() !== null, 10_000);
  const { seed } = plan;
  const promised = promisedTo(plan);
  const clients = new Clients(
    world,
    {
      ...plan.habits,
      clients: plan.clients,
      operations: plan.operations,
      readLevel: plan.reads,
    },
    seed ^ 0xc11e47n,
  ).start();
  const watching = new Watching(world, plan.watchers, seed ^ 0x3a7c4n).start();
  if (plan.compactions && plan.watchers > 0) watching.compactSometimes();
  const leases = new LeaseHolders(world, seed ^ 0x1ea5en, leaseSlack(plan)).start(plan.leases);
  const readers = new LocalReaders(world, seed ^ 0x10ca1n);
  if (plan.localReaders) readers.start();
  const levelled = mayLose(plan) ? new LevelledWrites(world, seed ^ 0xac5n).start() : null;
  const keepsake = new Keepsake(world);
  if (plan.keepsake) keepsake.start();
  const caches = new CachingClients(world, plan.habits.keys, seed ^ 0xcac4en);
  caches.start(plan.caches, plan.network.delayMicrosMax);
  const nemesis = new Nemesis(world).start(plan.episodes);
  const isOver = (): boolean => clients.done && !plan.toTheEnd;
  world.until(() => isOver() || world.observer.violations.length > 0, plan.millis);
  nemesis.stop();
  world.network.faults = { ...CALM_NETWORK, mode: world.network.faults.mode };
  watching.calm();
  leases.stop();
  readers.stop();
  levelled?.stop();
  caches.stop();
  const findings = new Map<Model, readonly string[]>();
  const { violations } = world.observer;
  if (violations.length === 0) findings.set("progress", demandProgress(world));
  const recovered = (): boolean =>
    violations.length + (findings.get("progress")?.length ?? 0) === 0;
  world.run(nemesis.millisLeft);
  if (recovered() && changesMembers(plan)) findings.set("membership", settleMembers(world));
  world.run(2000);
  const settled = watching.newest;
  // Left to time, a lease ends; the clock that measures it may have begun anew with another leader, and run slow.
  world.run(2000 + (plan.leases > 0 ? 2 * leases.ttlMillisMax : 0));
  if (recovered()) world.until(() => isLevel(world), LEVEL_MILLIS);
  const history = clients.finish(caches.finish());
  findings.set("invariants", violations);
  findings.set("steadiness", [...stopped(world, nemesis), ...repairs(world, plan)]);
  findings.set(
    promised.includes("linearizable") ? "linearizable" : "linearizable-writes",
    linearizable(history, promised.includes("linearizable")),
  );
  // What has not recovered owes nobody anything more.
  if (recovered()) {
    const states = finalStates(world, [...new Set(history.map(({ key }) => key ?? ""))]);
    const divergent = divergence(states, history, !clients.done);
    if (divergent !== null) findings.set("convergence", divergent);
    findings.set("durability", losses(states, history));
    if (plan.watchers > 0) findings.set("watch", watching.findings(settled));
    if (plan.leases > 0) findings.set("leases", leases.findings());
    if (plan.localReaders) findings.set("local-reads", readers.findings());
    if (levelled !== null) findings.set("invariants", levelled.findings());
    findings.set("progress", tryOut(world, plan.trials));
    // Who may lose a write may lose this one.
    if (plan.keepsake && promised.includes("durability"))
      findings.set("memory", keepsake.examine(nemesis.bites.has("flipMemory"), plan.product));
  }
  return {
    plan,
    broken: [...findings].flatMap(([model, found]) => (promised.includes(model) ? found : [])),
    findings,
    history,
    operationsOk: history.filter(({ outcome }) => outcome === "ok").length,
    ...traceOf(world),
    bites: nemesis.bites,
  };
}

/** The world of a plan, before anything is booted. */
export function worldOf({ seed, nodes, network, disk, clocks, product, ...plan }: RunPlan): World {
  const { jitter, mixed, quiesceTicks, batchEntriesMax, inflightMessagesMax, pullTicks, ...rest } =
    product;
  const { raft, paxos, zab, primary, chain, cache } = DEFAULT_OPTIONS;
  const rules = rulesOf(plan.rules);
  const options: NodeOptions = {
    ...DEFAULT_OPTIONS,
    ...rest,
    raft: {
      ...raft,
      leaseReads: plan.reads === "lease",
      quiesceTicks,
      batchEntriesMax,
      inflightMessagesMax,
      electionTicksMax: jitter
        ? raft.electionTicksMax
        : raft.electionTicksMin + LITTLE_JITTER_TICKS,
      rules: rules.raft,
    },
    paxos: {
      ...paxos,
      leaseReads: plan.reads === "lease",
      // A change of voters fills a window, one message after the other where little is under way: wide enough for all clients.
      alpha: Math.min(ALPHA_MAX, 32 * batchEntriesMax * inflightMessagesMax),
      batchEntriesMax,
      inflightMessagesMax,
      electionTicksMax: jitter
        ? paxos.electionTicksMax
        : paxos.electionTicksMin + LITTLE_JITTER_TICKS,
      rules: rules.paxos,
    },
    zab: { ...zab, batchEntriesMax, inflightMessagesMax, rules: rules.zab },
    primary: {
      ...primary,
      reads: plan.reads === "lease" ? "leased" : "primary",
      pullTicks,
      batchEntriesMax,
      inflightMessagesMax,
      rules: rules.primary,
    },
    chain: { ...chain, batchEntriesMax, inflightMessagesMax, rules: rules.chain },
    rules: rules.replica,
    officeRules: rules.office,
    // Clocks of the world run wrong by up to four parts of a hundred.
    cache: { ...cache, drift: { perMillion: 50_000 }, rules: rules.cache },
    profiles: standardProfiles(ETCD, rules.etcd),
    defaultProfile: plan.keyspace,
  };
  const other: NodeOptions = {
    ...options,
    tailEntriesMax: 17,
    raft: { ...options.raft, batchEntriesMax: 3, electionTicksMin: 700, electionTicksMax: 1300 },
  };
  return new World({
    seed,
    nodes,
    network,
    disk,
    options,
    // A lease is measured by the least election time-out of all: where it is used, all have the same.
    optionsOf: (index) => (mixed && index % 2 === 1 && plan.reads !== "lease" ? other : {}),
    clockOf: (index) => clocks[index % clocks.length] ?? { ratePerMille: 0, aheadTicks: 0 },
  });
}

/** Does this keyspace go on without what too few held? */
const mayLose = ({ keyspace }: RunPlan): boolean =>
  DEFAULT_OPTIONS.profiles.get(keyspace)?.office?.loss === "promote";

/** By how much sooner than promised a lease may end, as the clocks of the plan allow. */
function leaseSlack({ clocks, episodes }: RunPlan): number {
  const rates = [
    ...clocks.map(({ ratePerMille }) => ratePerMille),
    ...episodes.map(({ fault }) => (fault.type === "drift" ? fault.ratePerMille : 0)),
  ];
  const jumps = episodes.some(({ fault }) => fault.type === "jump");
  return jumps ? 1000 : 50 + Math.max(0, ...rates);
}

const stopped = (world: World, nemesis: Nemesis): readonly string[] =>
  world.halted
    .filter(({ name }) => !nemesis.excuses(name))
    .map(({ name, reason }) => `${name} halted: ${reason}`);

/** Nobody repairs what nobody damaged. */
function repairs(world: World, { episodes }: RunPlan): readonly string[] {
  if (episodes.some(({ fault }) => DAMAGING.has(fault.type))) return [];
  return world.notes
    .filter(({ event }) => REPAIR_NOTES.includes(event))
    .map(({ name, event }) => `${name}: ${event} without damage`);
}

/** Without `reads` of the writes and comparisons alone: what plain reads see may be old. */
function linearizable(history: History, reads: boolean): readonly string[] {
  const promised = reads ? history : history.filter(({ f }) => f !== "read");
  const verdict = checkLinearizableRegisters(promised, REGISTER, bounded());
  switch (verdict.type) {
    case "ok":
      return [];
    case "violation":
      return [`${keyOf(history, verdict.core)} is ${verdict.anomaly}`];
    case "unknown":
      return [`no verdict after ${verdict.steps} steps: ${verdict.why}`];
  }
}

const keyOf = (history: History, core: readonly number[]): string =>
  history[core[0] ?? -1]?.key ?? "the history";
