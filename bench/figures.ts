import type { Cluster } from "./clusters/index.ts";
import { markdown, rounded, type Summary, summary, withSpread } from "./table.ts";

/** What one round gave: the figure, and what it cost the servers, where that was taken. */
export interface Reading {
  readonly value: number;
  readonly cpuMicros?: number;
}

/** One line of the table that all rows share. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly quorate: Summary;
  /** The system beside it: etcd, or Quorate without what is measured. */
  readonly beside: Summary | null;
  readonly besideIs: string;
  /** The median of those of the rounds: what disturbs a round disturbs both. */
  readonly ratio: Summary | null;
  readonly quorateCpuMicros: Summary | null;
  readonly besideCpuMicros: Summary | null;
  /** What issue and page ask for, and whether it is so; null where nothing is asked or nothing was measured. */
  readonly wanted: string;
  readonly met: boolean | null;
}

/** What is asked for. Ratios are ours over the other's, of the value or of the CPU an operation. */
export interface Target {
  readonly ratioMin?: number;
  readonly ratioMax?: number;
  readonly cpuRatioMax?: number;
  readonly max?: number;
  readonly min?: number;
}

export interface Measurement {
  readonly what: string;
  readonly unit: string;
  readonly quorate: readonly Reading[];
  readonly beside?: readonly Reading[];
  readonly besideIs?: string;
  /** False where the two did not take turns: then the ratio is that of the medians. */
  readonly paired?: boolean;
  readonly target?: Target;
}

export function figure(measured: Measurement): Figure {
  const { what, unit, quorate, beside = [], besideIs = "etcd", target = {} } = measured;
  const ratioOf = measured.paired === false ? ratioOfMedians : medianOfRatios;
  const ratio = ratioOf(quorate, beside, ({ value }) => value);
  const cpuRatio = ratioOf(quorate, beside, ({ cpuMicros = 0 }) => cpuMicros);
  const value = summaryOf(quorate, ({ value }) => value);
  const asked = [
    ...bound("≥", target.ratioMin, ratio, "×"),
    ...bound("≤", target.ratioMax, ratio, "×"),
    ...bound("CPU ≤", target.cpuRatioMax, cpuRatio, "×"),
    ...bound("≤", target.max, value, ` ${unit}`),
    ...bound("≥", target.min, value, ` ${unit}`),
  ];
  const known = asked.filter(({ met }) => met !== null);
  return {
    what,
    unit,
    quorate: value ?? { median: Number.NaN, spreadPercent: 0 },
    beside: summaryOf(beside, ({ value }) => value),
    besideIs,
    ratio,
    quorateCpuMicros: summaryOf(quorate.filter(hasCpu), ({ cpuMicros = 0 }) => cpuMicros),
    besideCpuMicros: summaryOf(beside.filter(hasCpu), ({ cpuMicros = 0 }) => cpuMicros),
    wanted: asked.map(({ text }) => text).join(", "),
    met: known.length === 0 ? null : known.every(({ met }) => met === true),
  };
}

export function renderFigures(figures: readonly Figure[]): string {
  const header = [
    "",
    "unit",
    "Quorate",
    "beside it",
    "",
    "ratio",
    "Quorate CPU µs",
    "its CPU µs",
    "wanted",
    "",
  ];
  const rows = figures.map((one) => [
    one.what,
    one.unit,
    withSpread(one.quorate),
    one.beside === null ? "" : one.besideIs,
    one.beside === null ? "" : withSpread(one.beside),
    one.ratio === null
      ? ""
      : `${rounded(one.ratio.median)}× ±${one.ratio.spreadPercent.toFixed(0)} %`,
    one.quorateCpuMicros === null ? "" : withSpread(one.quorateCpuMicros),
    one.besideCpuMicros === null ? "" : withSpread(one.besideCpuMicros),
    one.wanted,
    one.met === null ? "" : one.met ? "met" : "MISSED",
  ]);
  return markdown(header, rows);
}

/** Loads each cluster in turn, so many rounds, so that what disturbs the machine disturbs both. */
export async function inTurn<T>(
  clusters: readonly Cluster[],
  rounds: number,
  what: string,
  measure: (cluster: Cluster, round: number) => Promise<T>,
): Promise<Readonly<Record<Cluster["kind"], readonly T[]>>> {
  const taken: Record<Cluster["kind"], T[]> = { quorate: [], etcd: [] };
  for (let round = 0; round < rounds; round++) {
    for (const cluster of clusters) taken[cluster.kind].push(await measure(cluster, round));
    process.stderr.write(`  ${what}: round ${round + 1} of ${rounds}\n`);
  }
  return taken;
}

const hasCpu = ({ cpuMicros }: Reading): boolean => cpuMicros !== undefined;

type Pick = (reading: Reading) => number;

function ratioOfMedians(
  ours: readonly Reading[],
  theirs: readonly Reading[],
  pick: Pick,
): Summary | null {
  const [own, other] = [summaryOf(ours, pick), summaryOf(theirs, pick)];
  if (own === null || other === null || other.median === 0) return null;
  return { median: own.median / other.median, spreadPercent: 0 };
}

function medianOfRatios(
  ours: readonly Reading[],
  theirs: readonly Reading[],
  pick: Pick,
): Summary | null {
  const ratios = ours.flatMap((own, i) => {
    const other = theirs[i];
    const ratio = other === undefined ? Number.NaN : pick(own) / pick(other);
    return Number.isFinite(ratio) ? [ratio] : [];
  });
  return ratios.length === 0 ? null : summary(ratios);
}

/** Null where nothing was taken. */
function summaryOf(readings: readonly Reading[], pick: Pick): Summary | null {
  return readings.length === 0 ? null : summary(readings.map(pick));
}

function bound(
  sign: "≥" | "≤" | "CPU ≤",
  wanted: number | undefined,
  found: Summary | null,
  unit: string,
): readonly { readonly text: string; readonly met: boolean | null }[] {
  if (wanted === undefined) return [];
  const above = sign === "≥";
  const met = found === null ? null : above ? found.median >= wanted : found.median <= wanted;
  return [{ text: `${sign} ${wanted}${unit}`, met }];
}
