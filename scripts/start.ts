import { parseArgs } from "node:util";
import { settle } from "./launcher/cluster-file.ts";
import { Launcher } from "./launcher/launcher.ts";

/**
 * `npm start`: three nodes on loopback, each a process of its own, with their data under `.quorate/`. Ctrl-C drains
 * and stops them; the next start finds the data.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      "port-base": { type: "string" },
      "data-dir": { type: "string", default: ".quorate" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = values["port-base"];
  if (wanted !== undefined && !/^\d{1,5}$/.test(wanted)) {
    throw new RangeError(`--port-base ${wanted} is no port`);
  }
  const cluster = await settle(values["data-dir"], wanted === undefined ? null : Number(wanted));
  return new Launcher(values["data-dir"], cluster).run();
}

const HELP = `npm start -- [--port-base PORT] [--data-dir DIRECTORY]

Starts three nodes. Clients connect to PORT, PORT+20000 and PORT+30000 (2379, 22379, 32379), members to each other
one above. Data and logs are in DIRECTORY (.quorate).
`;

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
