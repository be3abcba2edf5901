import { type Episode, FAULT_TYPES, type FaultType, kindOf, type Shape } from "../faults/index.ts";
import type { ClockFault } from "../world/clock.ts";
import { Dice } from "../world/dice.ts";
import { type DiskFaults, HEALTHY_DISK } from "../world/disk.ts";
import { CALM_NETWORK, type NetworkFaults } from "../world/network.ts";
import type { ProductPlan, RunOptions, RunPlan } from "./plan.ts";

export const MILLIS = 30_000;
/** Kinds of fault that one run has: few at a time, so that each has room to do harm (swarm testing, Groce 2012). */
const FAULT_TYPES_MAX = 8;
const EPISODES_MAX = 200;
/** What every other run is made of alone: the faults that depose leaders, and with them most that can go wrong. */
const DEPOSING: readonly FaultType[] = [
  "crash",
  "crashAll",
  "pause",
  "pauseLeader",
  "partition",
  "isolateLeader",
  "oneWay",
  "bridge",
  "moveLeader",
  "hangDisk",
];
/** Two clocks may differ by a tenth where leases are measured; each by this much, at most. */
const SKEW_PER_MILLE = 40;

/** What the seed and the options make of a run. Each part has dice of its own: another number of clients leaves the faults. */
export function drawPlan(seed: bigint, options: RunOptions = {}): RunPlan {
  const root = new Dice(seed ^ 0x5eedn);
  const part = (): Dice => root.fork();
  const [shapeDice, networkDice, diskDice, productDice, clockDice, workDice, faultDice] = [
    part(),
    part(),
    part(),
    part(),
    part(),
    part(),
    part(),
  ] as const;
  const nodes = options.nodes ?? shapeDice.pick([3, 3, 3, 3, 5, 5, 1]);
  const reads = options.reads ?? "readIndex";
  const millis = options.millis ?? MILLIS;
  const boundedClocks = reads === "lease";
  const first = shapeDice.below(nodes);
  const frail = Array.from({ length: Math.floor((nodes - 1) / 2) }, (_, i) => (first + i) % nodes);
  return {
    seed,
    nodes,
    network: drawNetwork(networkDice),
    disk: drawDisk(diskDice),
    product: drawProduct(productDice),
    clocks: drawClocks(clockDice, nodes),
    clients: options.clients ?? workDice.pick([2, 4, 4, 6]),
    operations: options.operations ?? 60,
    reads,
    watchers: workDice.pick([0, 2, 3]),
    compactions: workDice.chance(500),
    leases: workDice.pick([0, 0, 2]),
    episodes: drawEpisodes(faultDice, { nodes, frail, boundedClocks }, millis, options.faults),
    millis,
    rules: options.rules ?? {},
  };
}

function drawNetwork(dice: Dice): NetworkFaults {
  const rough = dice.chance(400);
  return {
    ...CALM_NETWORK,
    mode: dice.chance(400) ? "bare" : "links",
    delayMicrosMax: dice.pick([900, 5000, 40_000]),
    lossPerMille: rough ? dice.pick([1, 10, 60]) : 0,
    duplicatePerMille: rough ? dice.pick([0, 20]) : 0,
    reorderPerMille: rough ? dice.pick([0, 50]) : 0,
    flipPerMille: rough ? dice.pick([0, 5]) : 0,
  };
}

const drawDisk = (dice: Dice): DiskFaults => ({
  ...HEALTHY_DISK,
  syncMicrosMax: dice.pick([300, 2000, 20_000]),
  tornPerMille: dice.pick([0, 500, 1000]),
  reorderPerMille: dice.pick([0, 500]),
  segmentBytes: dice.pick([1000, 8000, 1 << 26]),
});

const drawProduct = (dice: Dice): ProductPlan => ({
  quiesceTicks: dice.pick([0, 300, 3000]),
  batchEntriesMax: dice.pick([1, 4, 4096]),
  inflightMessagesMax: dice.pick([1, 4, 64]),
  tailEntriesMax: dice.pick([5, 40, 10_000]),
  checkpointBytes: dice.pick([500, 5000, 1 << 26]),
  pinnedBytesMax: dice.pick([4000, 1 << 29]),
  checkTicks: dice.pick([500, 3000]),
  applyEntriesMax: dice.pick([1, 16, 4096]),
  jitter: !dice.chance(100),
  mixed: dice.chance(200),
});

function drawClocks(dice: Dice, nodes: number): readonly ClockFault[] {
  const skewed = dice.chance(300);
  return Array.from({ length: nodes }, () => ({
    ratePerMille: skewed ? dice.between(-SKEW_PER_MILLE, SKEW_PER_MILLE) : 0,
    aheadTicks: skewed ? dice.below(100_000) : 0,
  }));
}

function drawEpisodes(
  dice: Dice,
  shape: Shape,
  millis: number,
  allowed: readonly FaultType[] = FAULT_TYPES,
): readonly Episode[] {
  const deposing = DEPOSING.filter((type) => allowed.includes(type));
  const among = dice.chance(500) && deposing.length > 0 ? deposing : allowed;
  const types = sample(dice, among, FAULT_TYPES_MAX);
  const gap = dice.pick([300, 700, 2000]);
  const episodes: Episode[] = [];
  if (types.length === 0) return episodes;
  for (let at = dice.below(1500); at < millis && episodes.length < EPISODES_MAX; ) {
    const type = dice.pick(types);
    const kind = kindOf(type);
    const lasts = dice.between(...kind.lasts);
    const fault = kind.draw(dice, shape);
    if (fault !== null) episodes.push({ at, millis: lasts, fault });
    at += dice.between(50, 2 * gap);
  }
  return episodes;
}

function sample<T>(dice: Dice, items: readonly T[], most: number): readonly T[] {
  const rest = [...items];
  const taken: T[] = [];
  const count = Math.min(rest.length, 1 + dice.below(most));
  while (taken.length < count) taken.push(...rest.splice(dice.below(rest.length), 1));
  return taken;
}
