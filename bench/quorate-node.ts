// One Quorate node for the benchmarks: `quorate-node.ts INDEX BASE_PORT NODES DATA_DIR`. Prints `ready` when it serves.
// On stdin, `create N` creates N keyspaces by proposals to group 0 and is answered by `created`.
import { createInterface } from "node:readline";
import { type Outcome, SYSTEM_KEYSPACE, ticks } from "@quorate/kernel/core";
import { encodeSystemCommand } from "@quorate/kernel/replica";
import { silentLog, startServer } from "@quorate/server";

const [index, base, nodes] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const dataDir = process.argv[5] ?? "";
const founders = Array.from({ length: nodes }, (_, i) => ({
  name: `n${i + 1}`,
  address: `127.0.0.1:${base + 2 * i + 1}`,
}));
const self = founders[index];
if (self === undefined) throw new RangeError(`node ${index} of ${nodes}`);
const client = `127.0.0.1:${base + 2 * index}`;
const server = await startServer({
  name: self.name,
  dataDir,
  listenPeer: self.address,
  listenClient: client,
  advertisePeer: self.address,
  advertiseClients: [`http://${client}`],
  token: "bench",
  initialCluster: founders,
  foundersNamed: true,
  join: [],
  learner: false,
  log: silentLog,
  onHalt: (reason) => {
    process.stderr.write(`halted: ${reason}\n`);
    process.exit(1);
  },
});
await server.ready;
process.stdout.write("ready\n");
process.once("SIGTERM", () => {
  void server.stop().then(() => process.exit(0));
});
createInterface({ input: process.stdin }).on("line", (line) => {
  const count = Number(/^create (\d+)$/.exec(line)?.[1] ?? 0);
  void createKeyspaces(count).then(() => process.stdout.write("created\n"));
});

async function createKeyspaces(count: number): Promise<void> {
  for (let i = 0; i < count; i += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, count - i) }, (_, j) => createKeyspace(`bench-${i + j}`)),
    );
  }
}

function createKeyspace(name: string): Promise<void> {
  const { kind, body } = encodeSystemCommand({ type: "createKeyspace", name, profile: "etcd" });
  return new Promise((resolve, reject) => {
    const onReply = (_id: unknown, outcome: Outcome): void => {
      if (outcome.ok) resolve();
      else reject(new Error(`${name}: ${outcome.code}`));
    };
    const deadline = ticks(server.host.now() + 10_000);
    server.host.request({ onReply, onReadable: () => {} }, SYSTEM_KEYSPACE, kind, body, deadline);
  });
}
