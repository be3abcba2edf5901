import type { Availability } from "./availability.ts";
import type { Answers, Request, Standing } from "./probes.ts";

/** What the probed runs of a column say of availability. Times are milliseconds of the world, rounded. */
export interface Figures {
  readonly runs: number;
  /** All requests, and those at nodes that stood on one side all along. */
  readonly answers: Readonly<Record<Request, Readonly<Record<Standing | "all", Answers>>>>;
  /** Of requests that were answered where there was a majority. */
  readonly latency: Readonly<Record<Request, Quantiles>>;
  /** Without an acknowledged write, though there was a majority: the longest time of each run. */
  readonly quiet: Quantiles;
  /** From the loss of the leader to the first write under the next. */
  readonly recovery: Quantiles;
  /** Losses after which the majority was lost, too, or the run ended. */
  readonly interrupted: number;
  readonly acknowledged: number;
  readonly lost: number;
}

/** Null where nothing was measured. */
export interface Quantiles {
  readonly count: number;
  readonly median: number | null;
  readonly p99: number | null;
  readonly worst: number | null;
}

export function figuresOf(runs: readonly Availability[]): Figures {
  const standings = ["majority", "minority", "neither"] as const;
  const answersOf = (request: Request): Record<Standing | "all", Answers> => {
    const of = (standing: Standing): Answers =>
      added(runs.map(({ answers }) => answers[request][standing]));
    return {
      all: added(standings.map(of)),
      majority: of("majority"),
      minority: of("minority"),
      neither: of("neither"),
    };
  };
  const latencyOf = (request: Request): Quantiles =>
    quantiles(runs.flatMap(({ latencies }) => latencies[request]));
  return {
    runs: runs.length,
    answers: { read: answersOf("read"), write: answersOf("write") },
    latency: { read: latencyOf("read"), write: latencyOf("write") },
    quiet: quantiles(runs.map(({ longestMicros }) => longestMicros)),
    recovery: quantiles(runs.flatMap(({ recoveries }) => recoveries)),
    interrupted: runs.reduce((sum, { interrupted }) => sum + interrupted, 0),
    acknowledged: runs.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    lost: runs.reduce((sum, { lost }) => sum + lost, 0),
  };
}

const added = (all: readonly Answers[]): Answers =>
  all.reduce(
    (sum, { ok, refused, unanswered }) => ({
      ok: sum.ok + ok,
      refused: sum.refused + refused,
      unanswered: sum.unanswered + unanswered,
    }),
    { ok: 0, refused: 0, unanswered: 0 },
  );

/** By nearest rank. */
function quantiles(micros: readonly number[]): Quantiles {
  const sorted = [...micros].sort((a, b) => a - b);
  const rank = (perCent: number): number | null => {
    const value = sorted[Math.max(0, Math.ceil((sorted.length * perCent) / 100) - 1)];
    return value === undefined ? null : Math.round(value / 1000);
  };
  return { count: sorted.length, median: rank(50), p99: rank(99), worst: rank(100) };
}
