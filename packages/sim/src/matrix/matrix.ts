import type { FaultType } from "../faults/index.ts";
import { MODELS, type Model } from "../run/model.ts";
import { encodeRun } from "../run/run-code.ts";
import type { Example } from "./example.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type Counts, contradictions } from "./lattice.ts";
import {
  codeOfTask,
  type ExamplesResult,
  type ExamplesTask,
  existingFamily,
  existingProfile,
  type Place,
  type ProbeResult,
  type ProbeTask,
  type RunResult,
  type RunTask,
} from "./task.ts";

/** What is to be measured. The same setup gives the same matrix, byte for byte. */
export interface MatrixSetup {
  readonly profiles: readonly string[];
  readonly families: readonly string[];
  /** Seeds from this one on. */
  readonly firstSeed: number;
  /** Of each cell. */
  readonly runs: number;
  /** Of them, those whose world is also probed for its availability. */
  readonly probed: number;
  /** Runs that cutting down one example may take. */
  readonly shrinkRuns: number;
}

/** How a model fared in the runs of one profile under one family of faults. */
export interface Cell extends Counts, Place {
  readonly model: Model;
  readonly promised: boolean;
  /** `unjudged`: no run said anything. */
  readonly verdict: "held" | "broken" | "unjudged";
  /** Where it held: with a confidence of 95 % not more of a thousand runs break, rounded up (the rule of three). */
  readonly atMostPerMille: number | null;
  readonly example: Example | null;
}

/** What the runs of one profile under one family were. */
export interface Column extends Place {
  readonly runs: number;
  readonly operations: number;
  readonly operationsOk: number;
  /** How often each fault took effect. */
  readonly bites: Readonly<Partial<Record<FaultType, number>>>;
  /** Faults of the family that never did. */
  readonly never: readonly FaultType[];
  readonly availability: Figures | null;
}

export interface Matrix {
  readonly setup: MatrixSetup;
  readonly models: readonly Model[];
  readonly columns: readonly Column[];
  readonly cells: readonly Cell[];
  /** Promises that broke, and verdicts that contradict each other. There must be none. */
  readonly problems: readonly string[];
}

export const placesOf = ({ profiles, families }: MatrixSetup): readonly Place[] =>
  profiles.flatMap((profile) => families.map((family) => ({ profile, family })));

/** All runs, seed by seed, so that an early end has something of everything. */
export function tasksOf(setup: MatrixSetup): readonly (RunTask | ProbeTask)[] {
  const places = placesOf(setup);
  return Array.from({ length: setup.runs }, (_, i) => i + setup.firstSeed).flatMap((seed, i) =>
    places.flatMap((place): readonly (RunTask | ProbeTask)[] => [
      { type: "run", ...place, seed },
      ...(i < setup.probed ? [{ type: "probe", ...place, seed } as const] : []),
    ]),
  );
}

/** What is to be cut down: of the runs that broke a model the one in which that came first. */
export function examplesWanted(
  setup: MatrixSetup,
  runs: readonly RunResult[],
): readonly ExamplesTask[] {
  return placesOf(setup).flatMap((place): readonly ExamplesTask[] => {
    const broken = MODELS.flatMap((model) => {
      const [soonest] = at(place, runs)
        .map((result) => ({ result, after: brokenAfter(result, model) }))
        .filter(({ after }) => after !== null)
        .sort((a, b) => (a.after ?? 0) - (b.after ?? 0) || a.result.seed - b.result.seed);
      return soonest === undefined ? [] : [[model, encodeRun(codeOfTask(soonest.result))] as const];
    });
    const { shrinkRuns: runsMax } = setup;
    return broken.length === 0 ? [] : [{ type: "examples", ...place, broken, runsMax }];
  });
}

/** Null where it did not break; what is no matter of the history comes last. */
function brokenAfter({ verdicts }: RunResult, model: Model): number | null {
  const verdict = verdicts[model];
  if (verdict?.type !== "broken") return null;
  return verdict.afterMillis ?? Number.MAX_SAFE_INTEGER;
}

/** Puts together what was measured, in whatever order it came. */
export function matrixOf(
  setup: MatrixSetup,
  runs: readonly RunResult[],
  probes: readonly ProbeResult[],
  examples: readonly ExamplesResult[],
): Matrix {
  const places = placesOf(setup);
  const columns = places.map((place) => columnOf(place, at(place, runs), at(place, probes)));
  const cells = places.flatMap((place) => {
    const found = at(place, examples).flatMap((result) => result.examples);
    return cellsOf(place, at(place, runs), found);
  });
  const promises = cells
    .filter(({ promised, broken }) => promised && broken > 0)
    .map(({ profile, family, model, broken, held, example }) => {
      const story = example === null ? "" : `: ${example.why} (quorate sim --run ${example.run})`;
      return `${profile} promises ${model}, and under ${family} faults it broke in ${broken} of ${broken + held} runs${story}`;
    });
  const probed = probes.flatMap((result) => {
    const { broken, lost } = result.availability;
    const keeps = existingProfile(result.profile).promised.includes("linearizable-writes");
    const found = lost > 0 && keeps ? [...broken, `${lost} acknowledged writes were lost`] : broken;
    return found.map((text) => `run ${encodeRun(codeOfTask(result))}, probed: ${text}`);
  });
  const problems = [
    ...probed,
    ...promises,
    ...disagreements(runs),
    ...places.flatMap((p) => disagreement(p, cells)),
  ];
  return { setup, models: MODELS, columns, cells, problems };
}

function columnOf(
  place: Place,
  runs: readonly RunResult[],
  probes: readonly ProbeResult[],
): Column {
  const { faults } = existingFamily(place.family);
  const counted = faults.map((type) => [type, sum(runs, ({ bites }) => bites[type] ?? 0)] as const);
  return {
    ...place,
    runs: runs.length,
    operations: sum(runs, ({ operations }) => operations),
    operationsOk: sum(runs, ({ operationsOk }) => operationsOk),
    bites: Object.fromEntries(counted),
    never: counted.filter(([, bites]) => bites === 0).map(([type]) => type),
    availability:
      probes.length === 0 ? null : figuresOf(probes.map(({ availability }) => availability)),
  };
}

function cellsOf(
  place: Place,
  runs: readonly RunResult[],
  examples: readonly Example[],
): readonly Cell[] {
  const { promised } = existingProfile(place.profile);
  return MODELS.map((model) => {
    const { held, broken, unknown } = countsOf(model, runs);
    return {
      ...place,
      model,
      promised: promised.includes(model),
      verdict: broken > 0 ? "broken" : held > 0 ? "held" : "unjudged",
      held,
      broken,
      unknown,
      atMostPerMille: broken > 0 || held === 0 ? null : Math.min(1000, Math.ceil(3000 / held)),
      example: examples.find((example) => example.model === model) ?? null,
    };
  });
}

function countsOf(model: Model, runs: readonly RunResult[]): Counts {
  const count = (type: string): number =>
    runs.filter(({ verdicts }) => verdicts[model]?.type === type).length;
  return { held: count("held"), broken: count("broken"), unknown: count("unknown") };
}

/** Verdicts of one run that contradict each other. */
const disagreements = (runs: readonly RunResult[]): readonly string[] =>
  runs.flatMap((result) =>
    contradictions(countsByModel((model) => countsOf(model, [result]))).map(
      (text) => `run ${encodeRun(codeOfTask(result))}: ${text}`,
    ),
  );

/** The same over the cells of a column, which is what the page says. */
const disagreement = (place: Place, cells: readonly Cell[]): readonly string[] =>
  contradictions(new Map(at(place, cells).map((cell) => [cell.model, cell]))).map(
    (text) => `${place.profile} under ${place.family} faults: ${text}`,
  );

const countsByModel = (counts: (model: Model) => Counts): ReadonlyMap<Model, Counts> =>
  new Map(MODELS.map((model) => [model, counts(model)]));

const at = <T extends Place>(place: Place, things: readonly T[]): readonly T[] =>
  things.filter((thing) => isAt(place, thing));

const isAt = (one: Place, other: Place): boolean =>
  one.profile === other.profile && one.family === other.family;

const sum = <T>(things: readonly T[], value: (thing: T) => number): number =>
  things.reduce((total, thing) => total + value(thing), 0);
