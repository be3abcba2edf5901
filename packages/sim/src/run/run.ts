import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind, type EtcdOptions, QUOTA_BYTES_DEFAULT } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, type NodeOptions, standardProfiles } from "@quorate/kernel/replica";
import { checkLinearizableRegisters, type History, REGISTER } from "@quorate/verify";
import { type FaultType, Nemesis } from "../faults/index.ts";
import { Clients, REGISTERS } from "../workload/clients.ts";
import { putRequest } from "../workload/etcd-requests.ts";
import { LeaseHolders } from "../workload/lease-holders.ts";
import { Watching } from "../workload/watching.ts";
import { CALM_NETWORK } from "../world/network.ts";
import type { Recorder } from "../world/recorder.ts";
import { World } from "../world/world.ts";
import { drawPlan } from "./draw.ts";
import type { RunOptions, RunPlan } from "./plan.ts";
import { rulesOf } from "./rules.ts";

/** What came of a run. */
export interface RunReport {
  readonly plan: RunPlan;
  /** What broke, in words; empty when all promises held. */
  readonly broken: readonly string[];
  readonly history: History;
  readonly operationsOk: number;
  readonly simulatedMillis: number;
  readonly traceHash: number;
  readonly events: number;
  readonly story: readonly string[];
  /** How often each type of fault took effect. */
  readonly bites: ReadonlyMap<FaultType, number>;
}

/** After the last fault an operation must succeed on every node within this time (card 32, check 6). */
const LIVENESS_MILLIS = 20_000;
const ETCD: EtcdOptions = {
  quotaBytes: QUOTA_BYTES_DEFAULT,
  txnOpsMax: 128,
  leaseTtlSecondsMin: 2,
  leasesMax: 1000,
  watchersMax: 1000,
};
/** With none at all votes may be split for ever: it is what Raft's liveness stands on (§5.2). */
const LITTLE_JITTER_TICKS = 100;
/** How often the checker may ask whether it has searched enough: every 10,000 steps. */
const SEARCH_MAX = 300;
/** Notes that mean damage was found. */
const REPAIR_NOTES: readonly string[] = ["group repairing", "replica deviates"];
const DAMAGE: ReadonlySet<FaultType> = new Set([
  "rotBit",
  "badSectors",
  "misdirect",
  "badCheckpoint",
]);

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
    return {
      plan,
      broken: [error instanceof Error ? error.message : String(error)],
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
  const clients = new Clients(
    world,
    { ...REGISTERS, clients: plan.clients, operations: plan.operations, readLevel: plan.reads },
    seed ^ 0xc11e47n,
  ).start();
  const watching = new Watching(world, plan.watchers, seed ^ 0x3a7c4n).start();
  if (plan.compactions && plan.watchers > 0) watching.compactSometimes();
  const leases = new LeaseHolders(world, seed ^ 0x1ea5en, leaseSlack(plan)).start(plan.leases);
  const nemesis = new Nemesis(world).start(plan.episodes);
  world.until(() => clients.done || world.observer.violations.length > 0, plan.millis);
  nemesis.stop();
  world.network.faults = { ...CALM_NETWORK, mode: world.network.faults.mode };
  watching.calm();
  leases.stop();
  const broken: string[] = [];
  if (world.observer.violations.length === 0) broken.push(...demandProgress(world));
  world.run(2000);
  const settled = watching.newest;
  // Left to time, a lease ends; the clock that measures it may have begun anew with another leader, and run slow.
  world.run(2000 + (plan.leases > 0 ? 2 * leases.ttlMillisMax : 0));
  const history = clients.finish();
  broken.push(...world.observer.violations, ...stopped(world, nemesis), ...repairs(world, plan));
  broken.push(...linearizable(history, plan));
  broken.push(...differences(world));
  if (broken.length === 0) broken.push(...watching.findings(settled), ...leases.findings());
  return {
    plan,
    broken,
    history,
    operationsOk: history.filter(({ outcome }) => outcome === "ok").length,
    ...traceOf(world),
    bites: nemesis.bites,
  };
}

function worldOf({ seed, nodes, network, disk, clocks, product, ...plan }: RunPlan): World {
  const { jitter, mixed, quiesceTicks, batchEntriesMax, inflightMessagesMax, ...rest } = product;
  const { raft } = DEFAULT_OPTIONS;
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
    rules: rules.replica,
    profiles: standardProfiles(ETCD, rules.etcd),
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

/** By how much sooner than promised a lease may end, as the clocks of the plan allow. */
function leaseSlack({ clocks, episodes }: RunPlan): number {
  const rates = [
    ...clocks.map(({ ratePerMille }) => ratePerMille),
    ...episodes.map(({ fault }) => (fault.type === "drift" ? fault.ratePerMille : 0)),
  ];
  const jumps = episodes.some(({ fault }) => fault.type === "jump");
  return jumps ? 1000 : 50 + Math.max(0, ...rates);
}

/** Writes until one write on every node succeeds: the cluster must be whole again. */
function demandProgress(world: World): readonly string[] {
  const waiting = new Set(world.nodes.map(({ name }) => name));
  const since = world.agenda.now;
  const attempt = (): void => {
    for (const node of world.nodes) {
      if (!waiting.has(node.name)) continue;
      const caller = {
        onReply: (outcome: { readonly ok: boolean }) =>
          void (outcome.ok && waiting.delete(node.name)),
        onReadable: () => {},
      };
      node.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("progress", node.name), 2000);
    }
    if (waiting.size > 0 && world.agenda.now - since < LIVENESS_MILLIS * 1000)
      world.agenda.after(2_000_000, attempt);
  };
  attempt();
  const recovered = world.until(() => waiting.size === 0, LIVENESS_MILLIS);
  return recovered
    ? []
    : [`no progress within ${LIVENESS_MILLIS} ms after all healed, on ${[...waiting].join(",")}`];
}

const stopped = (world: World, nemesis: Nemesis): readonly string[] =>
  world.halted
    .filter(({ name }) => !nemesis.excuses(name))
    .map(({ name, reason }) => `${name} halted: ${reason}`);

/** Nobody repairs what nobody damaged. */
function repairs(world: World, { episodes }: RunPlan): readonly string[] {
  if (episodes.some(({ fault }) => DAMAGE.has(fault.type))) return [];
  return world.notes
    .filter(({ event }) => REPAIR_NOTES.includes(event))
    .map(({ name, event }) => `${name}: ${event} without damage`);
}

function linearizable(history: History, { reads }: RunPlan): readonly string[] {
  // Local reads may be old: only the writes are promised to be in one order.
  const promised = reads === "local" ? history.filter(({ f }) => f !== "read") : history;
  let asked = 0;
  const verdict = checkLinearizableRegisters(promised, REGISTER, () => ++asked > SEARCH_MAX);
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

/** At the end replicas that stand at the same index must have equal state (F10). */
function differences(world: World): readonly string[] {
  const hashes = new Map<string, { readonly name: string; readonly hash: bigint }>();
  const found: string[] = [];
  for (const node of world.nodes) {
    const status = node.kernel?.groupOf(DEFAULT_KEYSPACE) ?? null;
    if (status === null || status.view === null) continue;
    const at = String(status.appliedIndex);
    const hash = status.view.hash();
    const other = hashes.get(at);
    if (other !== undefined && other.hash !== hash)
      found.push(`${other.name} and ${node.name} differ at index ${at}`);
    hashes.set(at, { name: node.name, hash });
  }
  return found;
}
