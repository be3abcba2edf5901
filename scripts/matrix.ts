import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { jsonOf, measure, pageOf } from "@quorate/sim";
import { ownOptions } from "./matrix/options.ts";
import { Workers } from "./matrix/workers.ts";

/** `npm run matrix`: measures every profile under every family of faults, and writes what came of it. Exits 1 where a promise broke. */
async function main(): Promise<number> {
  const { setup, jobs, folder } = ownOptions();
  const workers = new Workers(jobs);
  const steps = measure(setup);
  let step = steps.next([]);
  while (step.done !== true) step = steps.next(await workers.perform(step.value, progress));
  await workers.close();
  const matrix = step.value;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "matrix.md"), pageOf(matrix));
  writeFileSync(join(folder, "matrix.json"), jsonOf(matrix));
  for (const problem of matrix.problems) process.stderr.write(`${problem}\n`);
  return matrix.problems.length === 0 ? 0 : 1;
}

/** Lines that say how far it is, at most. */
const LINES_MAX = 40;

function progress(done: number, of: number): void {
  const every = Math.ceil(of / LINES_MAX);
  if (done % every === 0 || done === of) process.stderr.write(`${done} of ${of} tasks\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${inspect(error)}\n`);
    process.exit(1);
  },
);
