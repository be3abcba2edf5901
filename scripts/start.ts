import { settle } from "./launcher/cluster-file.ts";
import { Launcher } from "./launcher/launcher.ts";
import { ownOptions } from "./launcher/options.ts";

/**
 * `npm start`, once all is built: three nodes on loopback, each a process of its own, with their data under
 * `.quorate/`. Ctrl-C drains and stops them; the next start finds the data.
 */
async function main(): Promise<number> {
  const { dataDir, portBase } = ownOptions();
  const cluster = await settle(dataDir, portBase);
  return new Launcher(dataDir, cluster).run();
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
