import type { Cost, Latency } from "./load/index.ts";
import { markdown, rounded, summary, withSpread } from "./table.ts";

/** All that was measured of a profile at one size and one load. */
export interface Taken {
  readonly profile: string;
  readonly nodes: number;
  readonly inFlight: number;
  readonly rounds: readonly {
    readonly cost: Cost;
    readonly besideIt: Cost;
    readonly latency: Latency;
  }[];
}

const HEADER = [
  "profile",
  "members",
  "in flight",
  "puts/s",
  "× etcd's profile",
  "p50 ms at half of it",
  "p99 ms",
  "frames out of the leader",
  "of all",
  "bytes out of the leader",
  "of all",
  "syncs of all",
  "CPU µs of all",
];

/** A line for each profile, size and load: medians of the rounds; from the frames on for each put. */
export const tableOf = (taken: readonly Taken[]): string => markdown(HEADER, taken.map(lineOf));

function lineOf({ profile, nodes, inFlight, rounds }: Taken): readonly string[] {
  const ofCost = (pick: (cost: Cost) => number) => summary(rounds.map(({ cost }) => pick(cost)));
  const median = (pick: (cost: Cost) => number): string => rounded(ofCost(pick).median);
  const ratios = rounds.map(({ cost, besideIt }) => cost.perSecond / besideIt.perSecond);
  const keptUp = rounds.every(({ latency }) => latency.keptUp);
  const millis = (pick: (latency: Latency) => number): string =>
    keptUp ? withSpread(summary(rounds.map(({ latency }) => pick(latency)))) : "does not keep up";
  return [
    profile,
    String(nodes),
    String(inFlight),
    withSpread(ofCost(({ perSecond }) => perSecond)),
    withSpread(summary(ratios)),
    millis(({ p50 }) => p50),
    millis(({ p99 }) => p99),
    median(({ framesOut }) => framesOut),
    median(({ framesOfAll }) => framesOfAll),
    median(({ bytesOut }) => bytesOut),
    median(({ bytesOfAll }) => bytesOfAll),
    median(({ syncs }) => syncs),
    median(({ cpuMicros }) => cpuMicros),
  ];
}
