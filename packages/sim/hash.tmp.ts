import { runSeed } from "./src/index.ts";

for (let s = BigInt(process.argv[2]!); s < BigInt(process.argv[3]!); s++) {
  const r = runSeed({ seed: s });
  console.log(`${s} ${r.traceHash} ${r.events} ${r.broken.join(";")}`);
}
