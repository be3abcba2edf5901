import { PROFILE_NAMES } from "@quorate/kernel/replica";
import { FAULT_TYPES } from "../faults/index.ts";
import { drawPlan } from "./draw.ts";
import type { RunOptions, RunPlan } from "./plan.ts";
import { RULES } from "./rules.ts";

/**
 * What is left out of a drawn plan. A run is its seed, its options and these decisions; with nothing left out it is the
 * run of the seed.
 */
export interface Cuts {
  /** Episodes that do not happen, by their place in the drawn plan. */
  readonly episodes: readonly number[];
  readonly clients: number | null;
  readonly operations: number | null;
  readonly millis: number | null;
  /** Clients only: no watchers, compactions, leases or readers, and no trials. */
  readonly bare: boolean;
  /** The network delays every frame alike and loses none, but for the episodes; clocks and disks are exact. */
  readonly straight: boolean;
}

export const NO_CUTS: Cuts = {
  episodes: [],
  clients: null,
  operations: null,
  millis: null,
  bare: false,
  straight: false,
};

/** The most of each that a run may have. More would not end while somebody waits, or not fit into memory. */
export const BOUNDS = { nodes: 9, clients: 64, operations: 10_000, millis: 3_600_000 } as const;

/** A run, as it can be repeated: `42`, or `42.reads=lease.-e0-2,5.c1.o20.t9000.bare.straight`. */
export interface RunCode {
  readonly seed: bigint;
  readonly options: Pick<
    RunOptions,
    "nodes" | "keyspace" | "reads" | "millis" | "faults" | "rules" | "aim"
  >;
  readonly cuts: Cuts;
}

/** The plan of a run: what its seed and options draw, without what is cut. */
export function planOf({ seed, options, cuts }: RunCode): RunPlan {
  const drawn = drawPlan(seed, options);
  const gone = new Set(cuts.episodes);
  const still = { ratePerMille: 0, aheadTicks: 0 };
  return {
    ...drawn,
    episodes: drawn.episodes.filter((_, i) => !gone.has(i)),
    clients: cuts.clients ?? drawn.clients,
    operations: cuts.operations ?? drawn.operations,
    millis: cuts.millis ?? drawn.millis,
    ...(cuts.bare && {
      watchers: 0,
      compactions: false,
      leases: 0,
      caches: 0,
      localReaders: false,
      keepsake: false,
      trials: [],
    }),
    ...(cuts.straight && {
      network: {
        ...drawn.network,
        delayMicrosMin: 500,
        delayMicrosMax: 500,
        lossPerMille: 0,
        duplicatePerMille: 0,
        reorderPerMille: 0,
        flipPerMille: 0,
      },
      disk: { ...drawn.disk, syncMicrosMin: 500, syncMicrosMax: 500 },
      clocks: drawn.clocks.map(() => still),
    }),
  };
}

export function encodeRun({ seed, options, cuts }: RunCode): string {
  const off = Object.entries(options.rules ?? {}).flatMap(([rule, on]) => (on ? [] : [rule]));
  const parts = [
    String(seed),
    options.nodes === undefined ? "" : `n${options.nodes}`,
    options.keyspace === undefined ? "" : `keyspace=${options.keyspace}`,
    options.reads === undefined ? "" : `reads=${options.reads}`,
    options.millis === undefined ? "" : `for=${options.millis}`,
    options.faults === undefined ? "" : `faults=${options.faults.join(",")}`,
    options.aim === undefined ? "" : `aim=${options.aim}`,
    off.length === 0 ? "" : `without=${off.join(",")}`,
    cuts.episodes.length === 0 ? "" : `-e${ranges(cuts.episodes)}`,
    cuts.clients === null ? "" : `c${cuts.clients}`,
    cuts.operations === null ? "" : `o${cuts.operations}`,
    cuts.millis === null ? "" : `t${cuts.millis}`,
    cuts.bare ? "bare" : "",
    cuts.straight ? "straight" : "",
  ];
  return parts.filter((part) => part !== "").join(".");
}

/** Null for a text that is no run. */
export function decodeRun(text: string): RunCode | null {
  const [seed, ...parts] = text.split(".");
  if (seed === undefined || !/^\d{1,18}$/.test(seed)) return null;
  let run: RunCode = { seed: BigInt(seed), options: {}, cuts: NO_CUTS };
  for (const part of parts) {
    const next = withPart(run, part);
    if (next === null) return null;
    run = next;
  }
  return run;
}

function withPart(run: RunCode, part: string): RunCode | null {
  const option = (more: RunCode["options"]): RunCode => ({
    ...run,
    options: { ...run.options, ...more },
  });
  const cut = (more: Partial<Cuts>): RunCode => ({ ...run, cuts: { ...run.cuts, ...more } });
  if (part === "bare") return cut({ bare: true });
  if (part === "straight") return cut({ straight: true });
  if (part.startsWith("-e")) {
    const episodes = fromRanges(part.slice(2));
    return episodes === null ? null : cut({ episodes });
  }
  const [, name, digits] = /^(n|c|o|t|for=)(\d{1,9})$/.exec(part) ?? [];
  if (name === undefined) return withNames(part, option);
  const number = Number(digits);
  if (number > MOST[name as keyof typeof MOST]) return null;
  if (name === "n") return number === 0 ? null : option({ nodes: number });
  if (name === "for=") return option({ millis: number });
  if (name === "c") return cut({ clients: number });
  return cut(name === "o" ? { operations: number } : { millis: number });
}

const MOST = {
  n: BOUNDS.nodes,
  c: BOUNDS.clients,
  o: BOUNDS.operations,
  t: BOUNDS.millis,
  "for=": BOUNDS.millis,
} as const;

function withNames(part: string, option: (more: RunCode["options"]) => RunCode): RunCode | null {
  const [, name, list] = /^(keyspace|reads|faults|aim|without)=([\w,-]*)$/.exec(part) ?? [];
  const words = (list ?? "").split(",").filter((word) => word !== "");
  if (name === "reads")
    return list === "readIndex" || list === "lease" || list === "local"
      ? option({ reads: list })
      : null;
  if (name === "keyspace") {
    const keyspace = PROFILE_NAMES.find((profile) => profile === list);
    return keyspace === undefined ? null : option({ keyspace });
  }
  if (name === "faults") {
    const types = words.map((word) => FAULT_TYPES.find((type) => type === word));
    return types.includes(undefined)
      ? null
      : option({ faults: types.filter((type) => type !== undefined) });
  }
  if (name === "aim") {
    const aim = RULES.find((rule) => rule === list);
    return aim === undefined ? null : option({ aim });
  }
  if (name !== "without" || !words.every((word) => RULES.some((rule) => rule === word)))
    return null;
  return option({ rules: Object.fromEntries(words.map((word) => [word, false])) });
}

/** 0,1,2,5 as "0-2,5". */
function ranges(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const out: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (sorted[j + 1] === (sorted[j] as number) + 1) j++;
    out.push(i === j ? `${sorted[i]}` : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return out.join(",");
}

/** Episodes of a plan are few: a place beyond is none. */
const PLACE_MAX = 9999;

/** "0-2,5" as 0,1,2,5; null for what is no such list. */
function fromRanges(text: string): readonly number[] | null {
  const places: number[] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to && to <= PLACE_MAX)) return null;
    for (let place = from; place <= to; place++) places.push(place);
    if (places.length > PLACE_MAX) return null;
  }
  return places;
}
