import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import type { RaftRules } from "@quorate/kernel/raft";
import { DEFAULT_OPTIONS, type NodeOptions } from "@quorate/kernel/replica";
import { checkRegisters, type RegisterOperation } from "@quorate/verify";
import { Clients, REGISTERS, type Workload } from "./clients.ts";
import { Dice } from "./dice.ts";
import { type DiskFaults, HEALTHY_DISK } from "./disk.ts";
import { putRequest } from "./etcd-requests.ts";
import { ALL_FAULTS, type FaultKind, Nemesis } from "./nemesis.ts";
import { CALM_NETWORK, type NetworkFaults } from "./network.ts";
import { Watching } from "./watching.ts";
import { World } from "./world.ts";

/** What of a run is decided beforehand; all else follows from the seed. */
export interface RunSetup {
  readonly seed: bigint;
  /** Rules to switch off: the run is then expected to find the break. */
  readonly rules?: Partial<RaftRules>;
  readonly leaseReads?: boolean;
  readonly faults?: readonly FaultKind[];
  readonly workload?: Partial<Workload>;
  /** Longest time with faults, simulated. */
  readonly millis?: number;
}

/** What came of a run. */
export interface RunReport {
  readonly seed: bigint;
  /** What broke, in words; empty when all promises held. */
  readonly broken: readonly string[];
  readonly history: readonly RegisterOperation[];
  readonly operationsOk: number;
  readonly simulatedMillis: number;
  readonly traceHash: number;
  readonly events: number;
  readonly story: readonly string[];
}

/** After the last fault an operation must succeed within this time (card 32, check 6). */
const LIVENESS_MILLIS = 15_000;

/** Watchers of a run, each of all keys. */
const WATCHERS = 3;

/** One seeded run: nodes, clients and faults as the seed draws them; then all heals, and progress is demanded. */
export function runSeed(setup: RunSetup): RunReport {
  const dice = new Dice(setup.seed ^ 0x5eedn);
  const world = new World({
    seed: setup.seed,
    nodes: dice.pick([3, 3, 3, 5, 1]),
    ...drawn(dice, setup),
  }).boot();
  const faults = setup.faults ?? ALL_FAULTS.filter(() => dice.chance(500));
  world.until(() => world.leader() !== null, 10_000);
  const clients = new Clients(world, {
    ...REGISTERS,
    readLevel: setup.leaseReads === true ? "lease" : "readIndex",
    ...setup.workload,
  }).start();
  const watching = new Watching(world, WATCHERS).start();
  if (dice.chance(500)) watching.compactSometimes();
  const nemesis = new Nemesis(world, faults).start();
  const broken: string[] = [];
  world.until(() => clients.done || world.observer.violations.length > 0, setup.millis ?? 30_000);
  nemesis.stop();
  world.network.faults = { ...CALM_NETWORK, mode: world.network.faults.mode };
  watching.calm();
  if (world.observer.violations.length === 0) broken.push(...demandProgress(world));
  world.run(2000);
  const settled = watching.newest;
  world.run(2000);
  broken.push(
    ...world.observer.violations,
    ...world.halted.map(({ name, reason }) => `${name} halted: ${reason}`),
  );
  for (const { name, event } of world.notes) {
    if (event === "group repairing" || event === "replica deviates")
      broken.push(`${name}: ${event} without damage`);
  }
  const history = clients.finish();
  const verdict = checkRegisters(history);
  if (verdict.type === "violation") broken.push(`${verdict.key} is not linearizable`);
  if (verdict.type === "unknown")
    broken.push(`${verdict.key}: no verdict after ${verdict.steps} steps`);
  broken.push(...differences(world));
  if (broken.length === 0) broken.push(...watching.findings(settled));
  return {
    seed: setup.seed,
    broken,
    history,
    operationsOk: history.filter(({ outcome }) => outcome === "ok").length,
    simulatedMillis: Math.floor(world.agenda.now / 1000),
    traceHash: world.trace.hash,
    events: world.trace.events,
    story: world.trace.lines,
  };
}

/** The seed draws the rare paths of the product too: tiny logs and checkpoints, no jitter, slow and fast clocks. */
function drawn(
  dice: Dice,
  setup: RunSetup,
): {
  readonly network: NetworkFaults;
  readonly disk: DiskFaults;
  readonly options: NodeOptions;
  readonly clockOf: (index: number) => {
    readonly ratePerMille: number;
    readonly aheadTicks: number;
  };
} {
  const rough = dice.chance(500);
  const network: NetworkFaults = {
    ...CALM_NETWORK,
    mode: dice.chance(400) ? "bare" : "links",
    delayMicrosMax: dice.pick([900, 5000, 40_000]),
    lossPerMille: rough ? dice.pick([1, 10, 60]) : 0,
    duplicatePerMille: rough ? dice.pick([0, 20]) : 0,
    reorderPerMille: rough ? dice.pick([0, 50]) : 0,
    flipPerMille: rough ? dice.pick([0, 5]) : 0,
  };
  const disk: DiskFaults = { ...HEALTHY_DISK, syncMicrosMax: dice.pick([300, 2000, 20_000]) };
  const raft = {
    ...DEFAULT_OPTIONS.raft,
    leaseReads: setup.leaseReads ?? false,
    quiesceTicks: dice.pick([0, 300, 3000]),
    batchEntriesMax: dice.pick([1, 4, 4096]),
    inflightMessagesMax: dice.pick([1, 4, 64]),
    rules: { ...DEFAULT_OPTIONS.raft.rules, ...setup.rules },
  };
  const options: NodeOptions = {
    ...DEFAULT_OPTIONS,
    raft,
    tailEntriesMax: dice.pick([5, 40, 10_000]),
    checkpointBytes: dice.pick([500, 5000, 1 << 26]),
    checkTicks: dice.pick([500, 3000]),
    applyEntriesMax: dice.pick([1, 16, 4096]),
  };
  // Within the bound that leases are measured against (clockDriftDivisor 10): at most 4 % each way.
  const skewed = dice.chance(300);
  const clocks = Array.from({ length: 9 }, () => ({
    ratePerMille: skewed ? dice.between(-40, 40) : 0,
    aheadTicks: skewed ? dice.below(100_000) : 0,
  }));
  return {
    network,
    disk,
    options,
    clockOf: (index) => clocks[index % clocks.length] ?? { ratePerMille: 0, aheadTicks: 0 },
  };
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
