import { type RunReport, run } from "./run.ts";
import { NO_CUTS, planOf, type RunCode } from "./run-code.ts";

/** A run that breaks, cut down. */
export interface Shrunk {
  readonly run: RunCode;
  readonly report: RunReport;
  /** Runs that were tried. */
  readonly tried: number;
}

/** Does this run still break what it is to break? Null where it does not. An assertion inside a replica counts too. */
export type Oracle = (run: RunCode) => RunReport | null;

/** The first word of a finding names it: "Election Safety", "k1 is not linearizable". */
const kindOf = (finding: string): string => finding.replace(/\d+/g, "#").split(":")[0] ?? finding;

/** Breaks the same promise as that report. */
export const breaksLike =
  (report: RunReport): Oracle =>
  (candidate) => {
    const wanted = new Set(report.broken.map(kindOf));
    const found = run(planOf(candidate));
    return found.broken.some((finding) => wanted.has(kindOf(finding))) ? found : null;
  };

/**
 * Cuts a run down by its decisions, as long as the oracle says that it still breaks: whole stretches of episodes first,
 * then single ones (delta debugging, Zeller and Hildebrandt 2002), then clients, operations, time, and whatever makes
 * delays uneven. The result is small, not smallest. Null if the run does not break at all.
 */
export function shrink(
  original: RunCode,
  oracle: Oracle,
  runsMax: number,
  progress: (text: string) => void = () => {},
): Shrunk | null {
  let tried = 1;
  const first = oracle(original);
  if (first === null) return null;
  let best: Shrunk = { run: original, report: first, tried };
  const attempt = (cuts: Partial<RunCode["cuts"]>): boolean => {
    if (tried >= runsMax) return false;
    tried++;
    const candidate = { ...best.run, cuts: { ...best.run.cuts, ...cuts } };
    const report = oracle(candidate);
    if (report !== null) best = { run: candidate, report, tried };
    return report !== null;
  };

  const drawn = planOf({ ...original, cuts: { ...NO_CUTS } }).episodes.length;
  attempt({ bare: true });
  attempt({ straight: true });
  cutEpisodes(drawn, () => best.run.cuts.episodes, attempt);
  progress(`${planOf(best.run).episodes.length} of ${drawn} episodes left`);
  for (let clients = 1; clients < planOf(best.run).clients; clients++)
    if (attempt({ clients })) break;
  for (const part of [4, 2]) {
    const operations = Math.max(1, Math.floor(planOf(best.run).operations / part));
    attempt({ operations });
  }
  halve(
    () => planOf(best.run).millis,
    (millis) => attempt({ millis }),
  );
  // With fewer clients and less time an episode may have become useless.
  cutEpisodes(drawn, () => best.run.cuts.episodes, attempt);
  return { ...best, tried };
}

/** Leaves out stretches of what is left, half of it first, then smaller ones down to single episodes. */
function cutEpisodes(
  count: number,
  gone: () => readonly number[],
  attempt: (cuts: { readonly episodes: readonly number[] }) => boolean,
): void {
  const left = (): number[] =>
    Array.from({ length: count }, (_, i) => i).filter((i) => !gone().includes(i));
  for (let size = Math.ceil(left().length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < left().length; ) {
      const stretch = left().slice(from, from + size);
      const cut = attempt({ episodes: [...gone(), ...stretch].sort((a, b) => a - b) });
      if (!cut) from += size;
    }
  }
}

/** The shortest time that still does, to a tenth. */
function halve(value: () => number, attempt: (millis: number) => boolean): void {
  let low = 0;
  for (let step = 0; step < 5; step++) {
    const middle = Math.floor((low + value()) / 2);
    if (value() - low < value() / 10 || middle < 1) return;
    if (!attempt(middle)) low = middle;
  }
}
