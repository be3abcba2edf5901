import type { FaultType } from "../faults/index.ts";
import { type Profile, profileNamed } from "../profiles/index.ts";
import { MODELS, type Model } from "../run/model.ts";
import { run } from "../run/run.ts";
import { decodeRun, planOf, type RunCode } from "../run/run-code.ts";
import { type Availability, availabilityOf } from "./availability.ts";
import { type Example, examplesOf } from "./example.ts";
import { codeOf, FAMILIES, type Family } from "./family.ts";
import { type RunVerdict, verdictsOf } from "./verdicts.ts";

/** A part of the measurement that stands alone. Tasks and results are plain values: another process may do them. */
export type Task = RunTask | ProbeTask | ExamplesTask;

/** A column of one profile's table. */
export interface Place {
  readonly profile: string;
  readonly family: string;
}

/** One run, held against every model. */
export interface RunTask extends Place {
  readonly type: "run";
  readonly seed: number;
}

/** The same world with probes: what was answered, and how soon. */
export interface ProbeTask extends Place {
  readonly type: "probe";
  readonly seed: number;
}

/** Small runs that break models, from larger ones that do: by model, as `quorate sim --run` takes them. */
export interface ExamplesTask extends Place {
  readonly type: "examples";
  readonly broken: readonly (readonly [model: Model, run: string])[];
  /** Runs that each may take. */
  readonly runsMax: number;
}

export type Result = RunResult | ProbeResult | ExamplesResult;

export interface RunResult extends RunTask {
  readonly verdicts: Readonly<Partial<Record<Model, RunVerdict>>>;
  readonly bites: Readonly<Partial<Record<FaultType, number>>>;
  readonly operations: number;
  readonly operationsOk: number;
}

export interface ProbeResult extends ProbeTask {
  readonly availability: Availability;
}

export interface ExamplesResult extends Place {
  readonly type: "examples";
  readonly examples: readonly Example[];
}

/** Throws a RangeError for a task of another build: a profile, family or run that does not exist here. */
export function perform(task: Task): Result {
  switch (task.type) {
    case "run": {
      const report = run(planOf(codeOfTask(task)));
      return {
        ...task,
        verdicts: Object.fromEntries(verdictsOf(report)),
        bites: Object.fromEntries(report.bites),
        operations: report.history.length,
        operationsOk: report.operationsOk,
      };
    }
    case "probe":
      return { ...task, availability: availabilityOf(planOf(codeOfTask(task))) };
    case "examples": {
      const found = new Map(task.broken.map(([model, text]) => [model, codeFrom(text)]));
      const broken = new Map(
        MODELS.flatMap((model) => {
          const code = found.get(model);
          return code === undefined ? [] : [[model, code] as const];
        }),
      );
      const { type, profile, family } = task;
      return { type, profile, family, examples: examplesOf(broken, task.runsMax) };
    }
  }
}

export const codeOfTask = ({ profile, family, seed }: RunTask | ProbeTask): RunCode =>
  codeOf(existingProfile(profile), existingFamily(family), seed);

export function existingProfile(name: string): Profile {
  const found = profileNamed(name);
  if (found === null) throw new RangeError(`no profile ${name}`);
  return found;
}

export function existingFamily(name: string): Family {
  const found = FAMILIES.find((family) => family.name === name);
  if (found === undefined) throw new RangeError(`no family ${name}`);
  return found;
}

function codeFrom(text: string): RunCode {
  const code = decodeRun(text);
  if (code === null) throw new RangeError(`${text} is no run`);
  return code;
}
