import { Caller, World } from "./src/index.ts";
const world = new World({ seed: 13n, nodes: 3 }).boot();
world.until(() => world.leader() !== null, 10_000); world.run(500);
const c = new Caller(world);
for (let i = 0; i < 20; i++) c.put(world.nodes[i % 3]!, `k${i}`, `v${i}`);
const victim = world.nodes.find((n) => n !== world.leader())!;
const leader = world.leader()!;
victim.crash(false); victim.disk.flipBit(2000); leader.crash(false);
victim.boot(); world.run(10000); console.log(world.leader()?.name); leader.boot(); console.log(world.until(() => world.leader() !== null, 10000), world.leader()?.name);
const c2 = new Caller(world, 15000);
for (let i = 0; i < 3; i++) { const t = world.agenda.now; console.log(i, world.nodes[i % 3]!.name, c2.get(world.nodes[i % 3]!, `k${i}`), (world.agenda.now - t) / 1000); }
console.log(world.trace.lines.slice(-30).join("\n"));
for (const n of world.nodes) for (const g of n.kernel?.groups ?? []) { const s = n.kernel!.replica(g)!.state; console.log(n.name, "g", g, s.role.type, "term", s.term, "commit", s.commitIndex, "last", s.log.lastIndex, JSON.stringify(s.reads), s.repairing, s.role.type === "Leader" ? [s.role.asleep, ...[...s.role.progress.values()].map((p) => `${p.mode} m${p.matchIndex} n${p.nextIndex}`)] : ""); }
