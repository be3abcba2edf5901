import { usage } from "../../exit.ts";
import type { SimOptions } from "./options.ts";

/** What a call is about. */
export type Mode = "seed" | "seeds" | "run" | "shrink" | "mutants";

type Name = keyof SimOptions;

const DRAWN: readonly Name[] = [
  "profile",
  "nodes",
  "faults",
  "clients",
  "operations",
  "for",
  "without",
];
const SHOWN: readonly Name[] = ["models", "trace", "against", "shiviz", "scenario"];
const SHARED: readonly Name[] = ["jobs", "shard", "minutes"];

/** Options that say something where these are asked for. One that would be passed over in silence is refused. */
const TAKES: Readonly<Record<Mode, readonly Name[]>> = {
  seed: [...DRAWN, ...SHARED, ...SHOWN, "story", "json"],
  seeds: [...DRAWN, ...SHARED, "story", "json"],
  // A run says itself what is drawn.
  run: [...SHOWN, "story", "json"],
  shrink: ["runs", "scenario"],
  mutants: ["without", "jobs", "shard", "runs", "json"],
};

const MODES = Object.keys(TAKES) as readonly Mode[];

/** What these options ask for. Throws where that is none of them, or several, or takes none of the others. */
export function modeOf(options: SimOptions): Mode {
  const asked = MODES.filter((mode) => options[mode] !== undefined);
  const [mode] = asked;
  if (mode === undefined || asked.length > 1)
    throw usage("say one of --seed, --seeds, --run, --shrink and --mutants");
  const takes: readonly string[] = [mode, "lines", ...TAKES[mode]];
  const stray = Object.keys(options).find((name) => !takes.includes(name));
  if (stray === undefined) return mode;
  const known = TAKES[mode].map((name) => `--${name}`).join(", ");
  throw usage(`--${stray} says nothing beside --${mode}, which takes ${known}`);
}
