import { parseArgs } from "node:util";
import { portsOf } from "./ports.ts";

/** What `npm start` is told. */
export interface LauncherOptions {
  readonly dataDir: string;
  /** Null where nobody said. */
  readonly portBase: number | null;
}

const USAGE = 2;

const HELP = `npm start -- [--port-base PORT] [--data-dir DIRECTORY]

Starts three nodes. Clients connect to PORT, PORT+20000 and PORT+30000 (2379, 22379, 32379), members to each other
one above. Data and logs are in DIRECTORY (.quorate).
`;

/** Of this process. One that cannot be used, or `--help`, ends it here, before anything is built or started. */
export function ownOptions(): LauncherOptions {
  try {
    const options = optionsOf(process.argv.slice(2));
    if (options !== null) return options;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(USAGE);
  }
}

/** Null for `--help`. Throws an `Error` that says what cannot be used, and why. */
function optionsOf(args: readonly string[]): LauncherOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "port-base": { type: "string" },
      "data-dir": { type: "string", default: ".quorate" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const { "data-dir": dataDir, "port-base": wanted } = values;
  if (wanted === undefined) return { dataDir, portBase: null };
  if (!/^\d{1,5}$/.test(wanted)) throw new RangeError(`--port-base ${wanted} is no port`);
  const portBase = Number(wanted);
  portsOf(portBase);
  return { dataDir, portBase };
}
