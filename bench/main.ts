// `npm run bench -- [--quick] [ROW …]`: each row, or all, against the peers found on this machine.
import { chainStar } from "./chain-star.ts";
import { checkpoint } from "./checkpoint.ts";
import { failover } from "./failover.ts";
import { type Figure, renderFigures } from "./figures.ts";
import { groups } from "./groups.ts";
import { journal } from "./journal.ts";
import { openLoopLatency } from "./open-loop-latency.ts";
import { protocols } from "./protocols.ts";
import { environment, store } from "./results.ts";
import type { Row } from "./row.ts";
import { simSpeed } from "./sim.ts";
import { slowReplica } from "./slow-replica.ts";
import { stages } from "./stages.ts";
import { startup } from "./startup.ts";
import { throughput } from "./throughput.ts";
import { verifySpeed } from "./verify.ts";
import { watch } from "./watch.ts";

const ROWS: Readonly<Record<string, Row>> = {
  throughput,
  openloop: openLoopLatency,
  watch,
  failover,
  startup,
  journal,
  checkpoint,
  groups,
  protocols,
  "chain-star": chainStar,
  "slow-replica": slowReplica,
  stages,
  verify: verifySpeed,
  sim: simSpeed,
};

/** Several times what the longest takes: a server that hangs ends a run, and not a night. */
const ROW_MILLIS_MAX = 40 * 60_000;

const asked = process.argv.slice(2).filter((name) => !name.startsWith("-"));
const flags = process.argv.slice(2).filter((name) => name.startsWith("-"));
const unknown = [
  ...asked.filter((name) => !(name in ROWS)),
  ...flags.filter((flag) => flag !== "--quick"),
];
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark ${unknown.join(", ")}: there are ${Object.keys(ROWS).join(", ")}, and --quick\n`,
  );
  process.exit(2);
}
const found = environment();
const quick = flags.includes("--quick");
process.stdout.write(`${JSON.stringify(found)}\n`);
const figures: Figure[] = [];
const done: string[] = [];
const failed: string[] = [];
for (const [name, row] of Object.entries(ROWS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stderr.write(`${name} …\n`);
  const watchdog = setTimeout(() => {
    process.stderr.write(`${name} does not end\n`);
    process.exit(1);
  }, ROW_MILLIS_MAX);
  try {
    const result = await row({ withPeer: found.etcd !== null, quick });
    const own = result.figures ?? [];
    done.push(name);
    figures.push(...own);
    const table = own.length === 0 ? "" : renderFigures(own);
    const said = [table, result.text].filter((part) => part !== "");
    process.stdout.write(`\n## ${name}\n\n${said.join("\n\n")}\n`);
    const at = new Date().toISOString();
    if (!quick) store(name, { environment: found, at, figures: own, data: result.data });
  } catch (error) {
    // The other rows are worth having all the same.
    failed.push(name);
    process.stderr.write(
      `${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  } finally {
    clearTimeout(watchdog);
  }
}
if (done.length > 1) process.stdout.write(`\n## All\n\n${renderFigures(figures)}\n`);
if (failed.length > 0) process.stderr.write(`failed: ${failed.join(", ")}\n`);
process.exit(failed.length > 0 ? 1 : 0);
