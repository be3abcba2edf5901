/**
 * Unary echo over loopback, without TLS: CPU per call of each server under our client, and of each client against our server.
 * Usage: `node packages/http2/bench/unary-echo.ts [seconds] [calls in flight]`. Servers run in processes of their own.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { CLIENTS, type Load } from "./clients.ts";
import { SERVERS } from "./servers.ts";

const WARM_UP_SECONDS = 1;

interface Sample {
  readonly perSecond: number;
  readonly serverMicros: number;
  readonly clientMicros: number;
}

if (process.send !== undefined) await serve(process.argv[2] ?? "");
else await compare(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 100));

/** In a process of its own: says its port, and what CPU it has used whenever it is asked. */
async function serve(name: string): Promise<void> {
  const port = await SERVERS[name]?.();
  process.on("message", () => process.send?.({ cpu: micros() }));
  process.send?.({ port });
}

async function compare(seconds: number, inFlight: number): Promise<void> {
  console.log(`node ${process.version}, ${cpus()[0]?.model}, ${inFlight} calls in flight`);
  console.log("server                client                  calls/s  server µs  client µs");
  const quorate = "@quorate/http2";
  const pairs = [
    ...Object.keys(SERVERS).map((server) => [server, quorate] as const),
    ...Object.keys(CLIENTS)
      .slice(1)
      .map((client) => [quorate, client] as const),
  ];
  for (const [server, client] of pairs) {
    const sample = await measure(server, CLIENTS[client] as Load, seconds, inFlight);
    const { perSecond, serverMicros, clientMicros } = sample;
    console.log(
      server.padEnd(21),
      client.padEnd(21),
      perSecond.toFixed(0).padStart(9),
      serverMicros.toFixed(2).padStart(10),
      clientMicros.toFixed(2).padStart(10),
    );
  }
}

async function measure(
  server: string,
  load: Load,
  seconds: number,
  inFlight: number,
): Promise<Sample> {
  const child = fork(import.meta.filename, [server]);
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  await load(port, inFlight, WARM_UP_SECONDS);
  const [serverBefore, clientBefore, since] = [await cpuOf(child), micros(), performance.now()];
  const done = await load(port, inFlight, seconds);
  const elapsed = (performance.now() - since) / 1000;
  const clientMicros = (micros() - clientBefore) / done;
  const serverMicros = ((await cpuOf(child)) - serverBefore) / done;
  child.kill();
  return { perSecond: done / elapsed, serverMicros, clientMicros };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu");
  const [{ cpu }] = (await answer) as [{ cpu: number }];
  return cpu;
}

function micros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
