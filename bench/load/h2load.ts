import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, leaderOf, run } from "../clusters/index.ts";
import type { Call } from "./calls.ts";

/** To the leader alone, or in equal parts to every member. */
export type Via = "leader" | "members";

/** Streams of one connection beyond which another is opened. */
const STREAMS_MAX = 100;
const END_MILLIS_MAX = 30_000;

/** Keeps so many calls in flight for so many seconds: a closed loop, which asks as fast as it is answered. */
export async function h2load(
  cluster: Cluster,
  call: Call,
  inFlight: number,
  seconds: number,
  via: Via = "leader",
): Promise<void> {
  const all = cluster.clients;
  const clients = via === "members" ? all : [all[await leaderOf(cluster)] ?? ""];
  const share = Math.round(inFlight / clients.length);
  const connections = Math.ceil(share / STREAMS_MAX);
  const folder = mkdtempSync(join(tmpdir(), "bench-load-"));
  try {
    const body = join(folder, "body");
    writeFileSync(body, Buffer.concat([prefix(call.body.length), call.body]));
    const flags = ["-D", String(seconds), "-t", "1", "-d", body];
    flags.push("-c", String(connections), "-m", String(Math.round(share / connections)));
    // Over TLS a server may prefer HTTP/1.1 where both are offered.
    flags.push("--npn-list=h2");
    flags.push("-H", "content-type: application/grpc", "-H", "te: trailers");
    await Promise.all(
      clients.map((client) =>
        run("h2load", [...flags, `${client}${call.path}`], seconds * 1000 + END_MILLIS_MAX),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Before each message of gRPC: that it is not compressed, and its length. */
function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
