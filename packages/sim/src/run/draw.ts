import { DEFAULT_OPTIONS, type ProfileName } from "@quorate/kernel/replica";
import {
  type Episode,
  FAULT_TYPES,
  type FaultType,
  kindOf,
  MEMBERSHIP_FAULTS,
  type Shape,
} from "../faults/index.ts";
import { REGISTERS } from "../workload/clients.ts";
import type { ClockFault } from "../world/clock.ts";
import { Dice } from "../world/dice.ts";
import { type DiskFaults, HEALTHY_DISK } from "../world/disk.ts";
import { CALM_NETWORK, type NetworkFaults } from "../world/network.ts";
import type { Aim, Choices } from "./aim.ts";
import { AIMS } from "./aims.ts";
import type { Habits, ProductPlan, RunOptions, RunPlan } from "./plan.ts";
import { TRIALS } from "./trials.ts";

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
/** So many that come in are struck by faults, too. */
const NEWCOMERS = 2;
/** Two clocks may differ by a tenth where leases are measured; each by this much, at most. */
const SKEW_PER_MILLE = 40;

/** What the seed and the options make of a run. Each part has dice of its own: another number of clients leaves the faults. */
export function drawPlan(seed: bigint, options: RunOptions = {}): RunPlan {
  const root = new Dice(seed ^ 0x5eedn);
  const part = (): Dice => root.fork();
  const [shapeDice, networkDice, diskDice, productDice] = [part(), part(), part(), part()] as const;
  const [clockDice, workDice, faultDice, habitDice, aimDice] = [
    part(),
    part(),
    part(),
    part(),
    part(),
  ] as const;
  // Drawn last: the others draw what they drew before there were these.
  const [cacheDice, pullDice] = [part(), part()] as const;
  const aim: Aim = options.aim === undefined ? {} : AIMS[options.aim];
  const reads = options.reads ?? aim.reads ?? "readIndex";
  const { keyspace = aim.keyspace ?? "etcd" } = options;
  const shape = bend(
    { nodes: shapeDice.pick([3, 3, 3, 3, 5, 5, 1]), millis: MILLIS },
    aim.shape,
    aimDice,
  );
  const { nodes = shape.nodes, millis = shape.millis } = options;
  const first = shapeDice.below(nodes);
  const frail = Array.from({ length: Math.floor((nodes - 1) / 2) }, (_, i) => (first + i) % nodes);
  const network = bend(drawNetwork(networkDice), aim.network, aimDice);
  const work = withinPromise(
    keyspace,
    bend(drawWork(workDice, habitDice, options), aim.work, aimDice),
  );
  const caches = drawCaches(cacheDice, keyspace, options, reads, work.caches);
  const faults = withinReach(
    { keyspace, reads },
    {
      ...aim,
      ...(options.faults !== undefined && { faults: options.faults }),
    },
  );
  const drawn = {
    nodes,
    frail,
    calm: isCalm(network),
    boundedClocks: reads === "lease" || caches > 0,
  };
  const episodes = drawEpisodes(faultDice, drawn, millis, faults);
  return {
    seed,
    nodes,
    network,
    disk: bend(drawDisk(diskDice), aim.disk, aimDice),
    product: bend(drawProduct(productDice, pullDice), aim.product, aimDice),
    clocks: drawClocks(clockDice, nodes),
    keyspace,
    reads,
    ...work,
    caches,
    habits: bend(drawHabits(habitDice), aim.habits, aimDice),
    keepsake: work.keepsake || episodes.some(({ fault }) => fault.type === "flipMemory"),
    episodes,
    millis,
    rules: options.rules ?? {},
  };
}

/** What clients, watchers, holders of leases and readers do, and what is tried at the end. */
export type WorkPlan = Pick<
  RunPlan,
  | "clients"
  | "operations"
  | "watchers"
  | "compactions"
  | "leases"
  | "caches"
  | "localReaders"
  | "keepsake"
  | "toTheEnd"
  | "trials"
>;

const drawWork = (dice: Dice, more: Dice, options: RunOptions): WorkPlan => ({
  clients: options.clients ?? dice.pick([2, 4, 4, 6]),
  operations: options.operations ?? 60,
  watchers: dice.pick([0, 2, 3]),
  compactions: dice.chance(500),
  leases: dice.pick([0, 0, 2]),
  caches: 0,
  localReaders: more.chance(200),
  keepsake: more.chance(200),
  toTheEnd: more.chance(200),
  trials: more.chance(100) ? [more.pick(TRIALS)] : [],
});

/** Where caches may be, some runs have some; where a rule is looked for, only if it is one of theirs. */
function drawCaches(
  dice: Dice,
  keyspace: ProfileName,
  { aim }: RunOptions,
  reads: RunPlan["reads"],
  aimed: number,
): number {
  const count = dice.chance(250) ? dice.pick([1, 3]) : 0;
  if (DEFAULT_OPTIONS.profiles.get(keyspace)?.caches !== true || reads === "local") return 0;
  return aim === undefined ? count : aimed;
}

const drawHabits = (dice: Dice): Habits => ({
  keys: dice.pick([3, 3, 2]),
  readPerMille: REGISTERS.readPerMille,
  casPerMille: REGISTERS.casPerMille,
  patienceMillis: dice.pick([3000, 3000, 1500]),
  thinkMillisMax: dice.pick([150, 150, 20]),
  sessionPerMille: REGISTERS.sessionPerMille,
});

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

const drawProduct = (dice: Dice, more: Dice): ProductPlan => ({
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
  aliveTicks: dice.pick([100, 150]),
  pullTicks: more.pick([null, null, 50, 1000]),
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
  { faults = FAULT_TYPES, all = false, gapMillis = [300, 700, 2000] }: Aim,
): readonly Episode[] {
  const deposing = DEPOSING.filter((type) => faults.includes(type));
  const among = dice.chance(500) && deposing.length > 0 ? deposing : faults;
  const types = together(all ? faults : sample(dice, among, FAULT_TYPES_MAX), shape);
  // Of whoever is left when members change nobody's disk is frail.
  const within = types.some((type) => MEMBERSHIP_FAULTS.has(type))
    ? { ...shape, nodes: shape.nodes + NEWCOMERS, frail: [] }
    : shape;
  const gap = dice.pick(gapMillis);
  const episodes: Episode[] = [];
  if (types.length === 0) return episodes;
  for (let at = dice.below(1500); at < millis && episodes.length < EPISODES_MAX; ) {
    const type = dice.pick(types);
    const kind = kindOf(type);
    const lasts = dice.between(...kind.lasts);
    const fault = kind.draw(dice, within);
    if (fault !== null) episodes.push({ at, millis: lasts, fault });
    at += dice.between(50, 2 * gap);
  }
  return episodes;
}

/**
 * Where others answer readers than whoever orders the writes every disk is trusted: what it forgets with a lie it does not know to ask for.
 */
const TRUSTING: ReadonlySet<ProfileName> = new Set<ProfileName>(["waro", "chain", "craq"]);

/** Members change only where the keyspace's protocol changes them. */
function withinReach({ keyspace, reads }: Pick<RunPlan, "keyspace" | "reads">, aim: Aim): Aim {
  if (DEFAULT_OPTIONS.profiles.get(keyspace)?.fixedMembers !== true) return aim;
  const { faults = FAULT_TYPES } = aim;
  const trusts = TRUSTING.has(keyspace) || (keyspace === "primary-sync" && reads === "lease");
  const trusted = trusts ? faults.filter((type) => type !== "lieSync") : faults;
  return { ...aim, faults: trusted.filter((type) => !MEMBERSHIP_FAULTS.has(type)) };
}

/** A write of write-all waits for whoever is missing: what one missing member stops is no fault (card 3). */
const withinPromise = (keyspace: ProfileName, work: WorkPlan): WorkPlan =>
  keyspace === "waro" ? { ...work, trials: [] } : work;

/** What was drawn, but for what the aim wants drawn from among other values. */
function bend<T extends object>(drawn: T, choices: Choices<T> | undefined, dice: Dice): T {
  const bent = { ...drawn };
  for (const name of Object.keys(choices ?? {}).sort() as (keyof T)[]) {
    const values = choices?.[name];
    if (values !== undefined) bent[name] = dice.pick(values);
  }
  return bent;
}

/** A disk that lies is covered by what is promised only where nothing else goes wrong. */
function together(types: readonly FaultType[], { calm }: Shape): readonly FaultType[] {
  if (!types.includes("lieSync")) return types;
  return calm ? ["lieSync"] : types.filter((type) => type !== "lieSync");
}

const isCalm = (network: NetworkFaults): boolean =>
  network.lossPerMille + network.duplicatePerMille === 0 &&
  network.reorderPerMille + network.flipPerMille + network.garblePerMille === 0;

function sample<T>(dice: Dice, items: readonly T[], most: number): readonly T[] {
  const rest = [...items];
  const taken: T[] = [];
  const count = Math.min(rest.length, 1 + dice.below(most));
  while (taken.length < count) taken.push(...rest.splice(dice.below(rest.length), 1));
  return taken;
}
