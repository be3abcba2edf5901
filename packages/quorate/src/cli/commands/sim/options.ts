import {
  BOUNDS,
  decodeRun,
  FAMILIES,
  FAULT_TYPES,
  type FaultType,
  faultsNamed,
  NO_CUTS,
  PROFILES,
  type Profile,
  profileNamed,
  RULES,
  type Rule,
  type RunCode,
} from "@quorate/sim";
import { usage } from "../../exit.ts";

/** As the command line gives them: texts, checked here. */
export interface SimOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly run?: string;
  readonly shrink?: string;
  readonly mutants?: boolean;
  readonly profile?: string;
  readonly nodes?: string;
  readonly faults?: string;
  readonly clients?: string;
  readonly operations?: string;
  readonly for?: string;
  readonly without?: string;
  readonly jobs?: string;
  readonly shard?: string;
  readonly minutes?: string;
  readonly runs?: string;
  readonly story?: boolean;
  readonly models?: boolean;
  readonly json?: boolean;
  readonly trace?: string;
  readonly shiviz?: string;
  readonly against?: string;
  readonly scenario?: string;
}

/** Seeds from `first` to `last`, both included; of them every `of`th from the `part`th on. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly part: number;
  readonly of: number;
}

const SEEDS_MAX = 1_000_000_000n;
const JOBS_MAX = 64;
const MINUTES_MAX = 10_000;

export function rangeOf({ seed, seeds, shard }: SimOptions): Range {
  if (seed !== undefined && !/^\d{1,18}$/.test(seed))
    throw usage(`--seed says ${seed}: it wants a whole number of at most 18 digits`);
  const text = seeds ?? `${seed ?? ""}..${seed ?? ""}`;
  const [, first, last] = /^(\d{1,18})\.\.(\d{1,18})$/.exec(text) ?? [];
  if (first === undefined || last === undefined)
    throw usage(`--seeds says ${text}: it wants a range of whole numbers, such as 1..500`);
  const range = { first: BigInt(first), last: BigInt(last) };
  if (range.last < range.first || range.last - range.first >= SEEDS_MAX)
    throw usage(`--seeds says ${text}: the last must not be below the first, nor 10^9 beyond it`);
  const [, part, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(shard ?? "1/1") ?? [];
  const [i, n] = [Number(part), Number(of)];
  if (!(i >= 1 && i <= n)) throw usage(`--shard says ${shard}: it wants i/n with 1 <= i <= n`);
  return { ...range, part: i, of: n };
}

/** The share of these seeds that each of so many jobs has. */
export const sharesOf = ({ part, of }: Range, jobs: number): readonly string[] =>
  Array.from({ length: jobs }, (_, i) => `${part + of * i}/${of * jobs}`);

/** What all runs of one call have in common. */
export function commonOf(options: SimOptions): Omit<RunCode, "seed"> {
  const profile = options.profile === undefined ? {} : profileOf(options.profile);
  const faults = options.faults === undefined ? undefined : faultsOf(options.faults);
  const nodes = numberOf("nodes", options.nodes, BOUNDS.nodes);
  const millis = millisOf(options.for);
  return {
    options: {
      ...profile,
      ...(faults !== undefined && { faults }),
      ...(nodes !== undefined && { nodes }),
      ...(millis !== undefined && { millis }),
      ...(options.without !== undefined && {
        rules: Object.fromEntries(rulesNamed(options.without).map((rule) => [rule, false])),
      }),
    },
    cuts: {
      ...NO_CUTS,
      clients: numberOf("clients", options.clients, BOUNDS.clients) ?? null,
      operations: numberOf("operations", options.operations, BOUNDS.operations) ?? null,
    },
  };
}

export function runOf(text: string): RunCode {
  const run = decodeRun(text);
  if (run === null)
    throw usage(`${text} is no run: a seed, or the line that a failing sweep prints`);
  return run;
}

/** How long a sweep may begin further runs, in milliseconds of this machine's time; all its seeds if not said. */
export function patienceOf({ minutes }: SimOptions): number {
  const said = numberOf("minutes", minutes, MINUTES_MAX);
  return said === undefined ? Number.POSITIVE_INFINITY : said * 60_000;
}

export const jobsOf = ({ jobs }: SimOptions): number => numberOf("jobs", jobs, JOBS_MAX) ?? 1;

export function numberOf(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw usage(`--${name} says ${text}: it wants a whole number from 1 to ${most}`);
  return value;
}

/** Of a profile, the options of its runs. */
function profileOf(name: string): Profile["options"] {
  const found = profileNamed(name);
  if (found !== null) return found.options;
  const known = PROFILES.map((profile) => profile.name).join(", ");
  throw usage(`--profile says ${name}: it is one of ${known}`);
}

function faultsOf(text: string): readonly FaultType[] {
  return [
    ...new Set(
      text.split(",").flatMap((name) => {
        const faults = faultsNamed(name);
        if (faults === null)
          throw usage(
            `--faults says ${name}: it wants families (${FAMILIES.map((family) => family.name).join(", ")}) or ` +
              `faults (${FAULT_TYPES.join(", ")}), such as network,crash,badSectors`,
          );
        return faults;
      }),
    ),
  ];
}

/** "20000", "20s", "2m": simulated time. */
function millisOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  const millis = Number(digits) * (unit === "m" ? 60_000 : unit === "s" ? 1000 : 1);
  if (!(millis >= 1 && millis <= BOUNDS.millis))
    throw usage(`--for says ${text}: it wants a time up to an hour, such as 30s`);
  return millis;
}

/** The rules that `--without` names. */
export function rulesNamed(text: string): readonly Rule[] {
  return text.split(",").map((name) => {
    const rule = RULES.find((known) => known === name);
    if (rule === undefined)
      throw usage(`--without says ${name}: a rule is one of ${RULES.join(", ")}`);
    return rule;
  });
}
