import { runSeed } from "../run.ts";

/** What this program needs of its process; the world itself is compiled without any. */
declare const process: { readonly argv: readonly string[]; exitCode: number };
declare const console: { log(line: string): void; error(line: string): void };

/** Every how many seeds a line says how far it is. */
const PROGRESS_SEEDS = 10;
/** Events of the story that are printed for a seed that broke. */
const STORY_LINES = 40;
const USAGE = "usage: npm run sim -- --seeds A..B [--millis N] [--story]";

/** `--seeds 1..100` runs these seeds, both included; exits 1 if any of them broke a promise, 2 for a wrong call. */
function main(args: readonly string[]): number {
  const option = (name: string): string | null => {
    const at = args.indexOf(name);
    return at < 0 ? null : (args[at + 1] ?? "");
  };
  const range = /^(\d+)\.\.(\d+)$/.exec(option("--seeds") ?? "");
  const millis = /^\d+$/.exec(option("--millis") ?? "30000");
  if (range === null || millis === null) {
    console.error(USAGE);
    return 2;
  }
  const [from, to] = [BigInt(range[1] ?? 0), BigInt(range[2] ?? 0)];
  return sweep(from, to, Number(millis[0]), args.includes("--story"));
}

function sweep(from: bigint, to: bigint, millis: number, story: boolean): number {
  const failed: bigint[] = [];
  let operations = 0;
  let simulated = 0;
  for (let seed = from; seed <= to; seed++) {
    const { broken, lines, ok, simulatedMillis } = attempt(seed, millis);
    operations += ok;
    simulated += simulatedMillis;
    if (broken.length > 0) {
      failed.push(seed);
      console.log(`seed ${seed} broke:\n  ${broken.slice(0, 5).join("\n  ")}`);
      console.log(`  npm run sim -- --seeds ${seed}..${seed} --millis ${millis} --story`);
      if (story) console.log(lines.slice(-STORY_LINES).join("\n"));
    }
    if ((seed - from + 1n) % BigInt(PROGRESS_SEEDS) === 0n)
      console.error(`${seed - from + 1n} of ${to - from + 1n} seeds, ${failed.length} broke`);
  }
  const seconds = Math.floor(simulated / 1000);
  console.log(
    `${to - from + 1n} seeds, ${operations} operations, ${seconds} s of simulated time: ${failed.length} broke`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** An assertion that failed inside a replica is a finding like any other; the sweep goes on. */
function attempt(
  seed: bigint,
  millis: number,
): {
  readonly broken: readonly string[];
  readonly lines: readonly string[];
  readonly ok: number;
  readonly simulatedMillis: number;
} {
  try {
    const { broken, story, operationsOk, simulatedMillis } = runSeed({ seed, millis });
    return { broken, lines: story, ok: operationsOk, simulatedMillis };
  } catch (error) {
    return { broken: [String(error)], lines: [], ok: 0, simulatedMillis: 0 };
  }
}

process.exitCode = main(process.argv.slice(2));
