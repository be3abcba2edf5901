// `npm run bench -- [throughput] [failover] [startup] [groups] [verify] [sim]`: each row against the peers found on this machine.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { failover } from "./failover.ts";
import { idleGroups } from "./groups.ts";
import { simSpeed } from "./sim.ts";
import { startup } from "./startup.ts";
import { throughput } from "./throughput.ts";
import { verifySpeed } from "./verify.ts";

const ROWS = {
  throughput,
  failover,
  startup,
  groups: idleGroups,
  verify: verifySpeed,
  sim: simSpeed,
} as const;
type Row = keyof typeof ROWS;

const asked = process.argv.slice(2).filter((name) => !name.startsWith("-"));
const unknown = asked.filter((name) => !(name in ROWS));
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark ${unknown.join(", ")}: there are ${Object.keys(ROWS).join(", ")}\n`,
  );
  process.exit(2);
}
const rows = (asked.length === 0 ? Object.keys(ROWS) : asked) as readonly Row[];
const etcd = spawnSync("etcd", ["--version"], { encoding: "utf8" });
const peer = etcd.status === 0 ? (etcd.stdout.split("\n")[0] ?? "etcd") : null;
const environment = {
  node: process.version,
  peer,
  cpu: cpus()[0]?.model ?? "",
  cores: cpus().length,
};
process.stdout.write(`${JSON.stringify(environment)}\n`);
const results: Record<string, unknown> = { environment, at: new Date().toISOString() };
for (const row of rows) {
  process.stderr.write(`${row} …\n`);
  const { text, data } = await ROWS[row](peer !== null);
  process.stdout.write(`\n## ${row}\n\n${text}\n`);
  results[row] = data;
}
const folder = join(import.meta.dirname, "results");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "latest.json"), `${JSON.stringify(results, null, 2)}\n`);
