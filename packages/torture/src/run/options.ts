import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FaultType, faultsNamed } from "../faults/index.ts";
import { WORKLOADS, type WorkloadName } from "../workloads/index.ts";

export interface Options {
  readonly nodes: number;
  /** Of the faults; then come healing and judgement. */
  readonly millis: number;
  readonly faults: readonly FaultType[];
  readonly workloads: readonly WorkloadName[];
  readonly seed: number;
  readonly against: "quorate" | "etcd";
  /** Of the keyspace that the clients use; null: the keyspace `default`, as it is. */
  readonly profile: string | null;
  /** Where the members' data lie; null: a temporary directory that is removed afterwards. */
  readonly data: string | null;
  readonly report: string;
  /** Operations a second, of all workloads together. */
  readonly rate: number;
  /** Of each workload. */
  readonly clients: number;
  readonly network: "auto" | "namespaces" | "relays";
  /** The file of the `quorate` command; null: the one installed here. */
  readonly server: string | null;
}

/** What was asked for cannot be meant; the text says why. */
export class BadUsage extends Error {
  override readonly name = "BadUsage";
}

export const USAGE = `quorate torture: processes of a cluster under faults, and a verdict on what their clients saw

  --nodes N         members, 1 to 9 (3)
  --for T           how long faults go on: 30s, 5m, 1h (60s)
  --faults LIST     all, none, families (process, network, disk, clock, operator) or single faults (all)
  --workloads LIST  all, or of ${WORKLOADS.join(", ")} (all)
  --seed S          what is drawn (drawn itself, and printed)
  --against WHOM    quorate or etcd (quorate)
  --profile P       of the keyspace that clients use, such as chubby (the default keyspace)
  --data DIR        the members' data, in an empty directory; kept (a temporary one, removed)
  --report DIR      options, episodes, histories, verdicts, logs (torture-SEED)
  --rate OPS        operations a second, all together, at most 5000 (300)
  --clients C       of each workload, at most 100 (4)
  --network HOW     auto, namespaces (root on Linux) or relays (auto)
  --server FILE     the quorate command to run (the one installed here)

Exit: 0 everything held, 1 something was broken, 2 usage, 3 it could not be run`;

const DEFAULTS = { nodes: 3, for: "60s", rate: 300, clients: 4 };
const BOUNDS = {
  nodes: [1, 9],
  seed: [0, 0xffff_ffff],
  rate: [1, 5000],
  clients: [1, 100],
} as const;
const MILLIS_MAX = 24 * 3_600_000;

/** Reads a command line; throws `BadUsage`. `drawn` is the seed of a run that is given none. */
export function parseOptions(args: readonly string[], drawn: number): Options {
  const given = valuesOf(args);
  const seed = given["seed"] === undefined ? drawn : integer("seed", given["seed"]);
  const { data, report, server } = given;
  return {
    nodes: integer("nodes", given["nodes"] ?? String(DEFAULTS.nodes)),
    millis: duration(given["for"] ?? DEFAULTS.for),
    faults: faults(given["faults"] ?? "all"),
    workloads: workloads(given["workloads"] ?? "all"),
    seed,
    against: choice("against", given["against"] ?? "quorate", ["quorate", "etcd"]),
    profile: profileOf(given["profile"], given["against"]),
    data: data === undefined ? null : resolve(data),
    report: resolve(report ?? `torture-${seed}`),
    rate: integer("rate", given["rate"] ?? String(DEFAULTS.rate)),
    clients: integer("clients", given["clients"] ?? String(DEFAULTS.clients)),
    network: choice("network", given["network"] ?? "auto", ["auto", "namespaces", "relays"]),
    server: server === undefined ? null : resolve(server),
  };
}

/** The command that repeats a run, whatever was drawn for it. */
export const commandOf = (options: Options): string =>
  [
    "quorate torture",
    `--seed ${options.seed}`,
    `--nodes ${options.nodes}`,
    `--for ${options.millis / 1000}s`,
    `--against ${options.against}`,
    ...(options.profile === null ? [] : [`--profile ${options.profile}`]),
    `--faults ${options.faults.join(",") || "none"}`,
    `--workloads ${options.workloads.join(",")}`,
    `--rate ${options.rate}`,
    `--clients ${options.clients}`,
    `--network ${options.network}`,
  ].join(" ");

const NAMES = [
  "nodes",
  "for",
  "faults",
  "workloads",
  "seed",
  "against",
  "profile",
  "data",
  "report",
  "rate",
  "clients",
  "network",
  "server",
] as const;

function valuesOf(args: readonly string[]): { readonly [name: string]: string | undefined } {
  try {
    const options = Object.fromEntries(NAMES.map((name) => [name, { type: "string" as const }]));
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

/** Which there are, the members say. */
function profileOf(text: string | undefined, against: string | undefined): string | null {
  if (text === undefined) return null;
  if (against === "etcd") throw new BadUsage("--profile is of a keyspace, and etcd has one alone");
  if (/^[a-z-]{1,64}$/.test(text)) return text;
  throw new BadUsage(`--profile must be the name of a profile, not ${text}`);
}

function integer(name: keyof typeof BOUNDS, text: string): number {
  const [min, max] = BOUNDS[name];
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new BadUsage(`--${name} must be a whole number from ${min} to ${max}, not ${text}`);
}

function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? ""] ?? Number.NaN;
  const millis = Math.round(Number(match?.[1]) * unit);
  if (millis >= 1000 && millis <= MILLIS_MAX) return millis;
  throw new BadUsage(`--for must be a time from 1s to 24h, such as 90s or 5m, not ${text}`);
}

function choice<T extends string>(name: string, text: string, of: readonly T[]): T {
  const found = of.find((known) => known === text);
  if (found !== undefined) return found;
  throw new BadUsage(`--${name} must be ${of.join(" or ")}, not ${text}`);
}

function faults(text: string): readonly FaultType[] {
  const types = text.split(",").flatMap((name) => {
    const found = faultsNamed(name);
    if (found === null) throw new BadUsage(`there is no fault ${name}`);
    return found;
  });
  return [...new Set(types)].sort();
}

function workloads(text: string): readonly WorkloadName[] {
  if (text === "all") return WORKLOADS;
  const names = text.split(",").map((name) => choice("workloads", name, WORKLOADS));
  return WORKLOADS.filter((known) => names.includes(known));
}
