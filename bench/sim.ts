import { type RunReport, runSeed } from "@quorate/sim";
import { markdown, type Summary, summary, withSpread } from "./table.ts";

const ROUNDS = 5;
const SEEDS_PER_ROUND = 10;
const FIRST_SEED = 1;
/** The first hundred runs are still being compiled, at half the speed; a sweep has them once. */
const WARM_UP_SEEDS = 100;
/** 200 operations: fifty by each client. With what follows when all has healed a run has about 30 simulated seconds. */
const RUN = { nodes: 5, clients: 4, operations: 50, millis: 20_000 };

interface Round {
  readonly seedsPerSecond: number;
  readonly seedsPerCpuSecond: number;
  readonly simulatedOverWall: number;
  readonly simulatedSeconds: number;
  readonly events: number;
  readonly broken: number;
}

/** Seeds a second on one core, faults and verdict included, and how much faster than the world the simulated one runs. */
export function simSpeed(): Promise<{ readonly text: string; readonly data: unknown }> {
  for (let i = 1; i <= WARM_UP_SEEDS; i++) runSeed({ seed: BigInt(1000 + i), ...RUN });
  const rounds = Array.from({ length: ROUNDS }, (_, round) => measure(round));
  const of = (pick: (round: Round) => number): Summary => summary(rounds.map(pick));
  const data = {
    run: RUN,
    seeds: [FIRST_SEED, FIRST_SEED + ROUNDS * SEEDS_PER_ROUND - 1],
    seedsPerSecond: of(({ seedsPerSecond }) => seedsPerSecond),
    seedsPerCpuSecond: of(({ seedsPerCpuSecond }) => seedsPerCpuSecond),
    simulatedOverWall: of(({ simulatedOverWall }) => simulatedOverWall),
    simulatedSeconds: of(({ simulatedSeconds }) => simulatedSeconds),
    eventsPerSeed: of(({ events }) => events),
    broken: rounds.reduce((sum, { broken }) => sum + broken, 0),
  };
  const rows = [
    ["seeds a second", withSpread(data.seedsPerSecond), "≥ 20"],
    ["seeds a second of CPU", withSpread(data.seedsPerCpuSecond), "≥ 20"],
    ["simulated over wall time", withSpread(data.simulatedOverWall), "≥ 500"],
    ["simulated seconds of a seed", withSpread(data.simulatedSeconds), ""],
    ["events of a seed", withSpread(data.eventsPerSeed), ""],
    ["broken promises", String(data.broken), "0"],
  ];
  const [first, last] = data.seeds;
  const text = `${markdown(["", "", "wanted"], rows)}\n\nSeeds ${first}..${last}: ${RUN.nodes} nodes, ${RUN.clients * RUN.operations} operations, at most ${RUN.millis / 1000} s with faults; medians of ${ROUNDS} rounds.`;
  return Promise.resolve({ text, data });
}

function measure(round: number): Round {
  const cpu = process.cpuUsage();
  const since = performance.now();
  const reports = Array.from({ length: SEEDS_PER_ROUND }, (_, i): RunReport => {
    const seed = BigInt(FIRST_SEED + round * SEEDS_PER_ROUND + i);
    return runSeed({ seed, ...RUN });
  });
  const wall = (performance.now() - since) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  process.stderr.write(`  round ${round + 1} of ${ROUNDS}: ${wall.toFixed(1)} s\n`);
  const total = (pick: (report: RunReport) => number): number =>
    reports.reduce((sum, report) => sum + pick(report), 0);
  const simulated = total(({ simulatedMillis }) => simulatedMillis) / 1000;
  return {
    seedsPerSecond: SEEDS_PER_ROUND / wall,
    seedsPerCpuSecond: (SEEDS_PER_ROUND * 1e6) / (user + system),
    simulatedOverWall: simulated / wall,
    simulatedSeconds: simulated / SEEDS_PER_ROUND,
    events: total(({ events }) => events) / SEEDS_PER_ROUND,
    broken: total(({ broken }) => broken.length),
  };
}
