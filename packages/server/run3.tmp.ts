import { startServer } from "./src/index.ts";
const log = { info() {}, warn: (f: object, t: string) => console.log("warn", t, f), error: (f: object, t: string) => console.log("error", t, f) };
const names = ["n1","n2","n3"]; const base = 24000;
const cl = names.map((name, i) => ({ name, address: `127.0.0.1:${base + i*10 + 1}` }));
const me = Number(process.argv[2]);
const t0 = performance.now();
const s = await startServer({ name: names[me]!, dataDir: `/tmp/qdata/${names[me]}`, listenPeer: cl[me]!.address, listenClient: `127.0.0.1:${base+me*10}`, advertisePeer: cl[me]!.address, advertiseClients: [`http://127.0.0.1:${base+me*10}`], token: "t", initialCluster: cl, join: [], learner: false, log, onHalt: (r) => { console.log("HALT", r); process.exit(1); } });
await s.ready; console.log("ready", me, performance.now()-t0, s.clientAddress);
process.on("SIGTERM", async () => { await s.stop(); process.exit(0); });
