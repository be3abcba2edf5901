// One Quorate node for the benchmarks: `quorate-node.ts SETTINGS` (clusters/node-settings.ts). Prints `ready` when it serves.
// Answers lines on stdin, each with one line:
//   create N       creates N keyspaces by proposals to group 0: `created`
//   watch-loop     from now on measures the pauses of its event loop: `watching`
//   loop           `pauses ` and their longest since the last time, as JSON (`LoopPauses`)
//   profile        begins a CPU profile: `profiling`
//   profiled FILE  ends it and writes it there: `written`
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { createInterface } from "node:readline";
import { type Outcome, SYSTEM_KEYSPACE, ticks } from "@quorate/kernel/core";
import { encodeSystemCommand } from "@quorate/kernel/replica";
import { silentLog, startServer } from "@quorate/server";
import type { NodeSettings } from "./clusters/node-settings.ts";
import { LoopWatch } from "./loop-watch.ts";

const SAMPLE_MICROS = 500;
const CREATED_AT_ONCE = 50;

const settings = JSON.parse(process.argv[2] ?? "") as NodeSettings;
const { name, dataDir, peer, reached, client, founders, tls, checkpointBytes, profile } = settings;
const server = await startServer({
  name,
  dataDir,
  listenPeer: peer,
  listenClient: client,
  advertisePeer: reached,
  advertiseClients: [`${tls === null ? "http" : "https"}://${client}`],
  token: "bench",
  initialCluster: founders,
  foundersNamed: true,
  join: [],
  learner: false,
  log: silentLog,
  ...(tls !== null && { clientTls: { ...tls, ca: null }, peerTls: tls }),
  kernel: {
    ...(checkpointBytes !== null && { checkpointBytes }),
    ...(profile !== null && { defaultProfile: profile }),
  },
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

const loop = new LoopWatch();
const inspector = new Session();
createInterface({ input: process.stdin }).on("line", (line) => {
  void answer(line).then((said) => process.stdout.write(`${said}\n`));
});

async function answer(line: string): Promise<string> {
  const [verb, argument = ""] = line.split(" ");
  switch (verb) {
    case "create":
      await createKeyspaces(Number(argument));
      return "created";
    case "watch-loop":
      loop.start();
      return "watching";
    case "loop":
      return `pauses ${JSON.stringify(loop.take())}`;
    case "profile":
      inspector.connect();
      await inspector.post("Profiler.enable");
      await inspector.post("Profiler.setSamplingInterval", { interval: SAMPLE_MICROS });
      await inspector.post("Profiler.start");
      return "profiling";
    case "profiled": {
      const { profile } = await inspector.post("Profiler.stop");
      inspector.disconnect();
      writeFileSync(argument, JSON.stringify(profile));
      return "written";
    }
    default:
      return `no command ${line}`;
  }
}

async function createKeyspaces(count: number): Promise<void> {
  for (let i = 0; i < count; i += CREATED_AT_ONCE) {
    const batch = Math.min(CREATED_AT_ONCE, count - i);
    await Promise.all(Array.from({ length: batch }, (_, j) => createKeyspace(`bench-${i + j}`)));
  }
}

function createKeyspace(keyspace: string): Promise<void> {
  const { kind, body } = encodeSystemCommand({
    type: "createKeyspace",
    name: keyspace,
    profile: "etcd",
    fixed: false,
    office: false,
    replicas: null,
  });
  return new Promise((resolve, reject) => {
    const onReply = (_id: unknown, outcome: Outcome): void => {
      if (outcome.ok) resolve();
      else reject(new Error(`${keyspace}: ${outcome.code}`));
    };
    const deadline = ticks(server.host.now() + 10_000);
    server.host.request({ onReply, onReadable: () => {} }, SYSTEM_KEYSPACE, kind, body, deadline);
  });
}
