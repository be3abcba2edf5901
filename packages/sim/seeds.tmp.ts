import { runSeed } from "./src/index.ts";

const [from, to] = [BigInt(process.argv[2]!), BigInt(process.argv[3]!)];
const t0 = performance.now();
let bad = 0,
  ok = 0,
  ms = 0;
for (let s = from; s < to; s++) {
  try {
    const r = runSeed({ seed: s });
    ok += r.operationsOk;
    ms += r.simulatedMillis;
    if (r.broken.length) {
      bad++;
      console.log(`seed ${s}:`, r.broken.slice(0, 3));
      if (process.argv[4]) console.log(r.story.slice(-60).join("\n"));
    }
  } catch (e) {
    bad++;
    console.log(`seed ${s} threw`, (e as Error).stack?.split("\n").slice(0, 6).join("\n"));
  }
}
console.log({ bad, ok, simulatedSeconds: ms / 1000, wall: (performance.now() - t0) / 1000 });
