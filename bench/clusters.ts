import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Measured, startUntil, stop } from "./processes.ts";

/** Three members of one kind, ready to be loaded. */
export interface Cluster {
  readonly kind: "quorate" | "etcd";
  readonly members: Measured[];
  /** host:port of each member's client port. */
  readonly clients: readonly string[];
  /** Kills one member hard. */
  kill(index: number): Promise<void>;
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

const READY_MILLIS = 60_000;
const SCRIPT = join(import.meta.dirname, "quorate-node.ts");

export async function startQuorate(base: number, nodes = 3): Promise<Cluster> {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-quorate-"));
  const start = (i: number): Promise<Measured> =>
    startUntil(
      process.execPath,
      [SCRIPT, String(i), String(base), String(nodes), join(dataDir, `n${i + 1}`)],
      /^ready$/,
      READY_MILLIS,
    );
  return clusterOf("quorate", dataDir, base, nodes, start);
}

export async function startEtcd(base: number, nodes = 3): Promise<Cluster> {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-etcd-"));
  const peer = (i: number): string => `http://127.0.0.1:${base + 2 * i + 1}`;
  const client = (i: number): string => `http://127.0.0.1:${base + 2 * i}`;
  const initial = Array.from({ length: nodes }, (_, i) => `n${i + 1}=${peer(i)}`).join(",");
  const start = (i: number): Promise<Measured> => {
    const flags = [
      "--name",
      `n${i + 1}`,
      "--data-dir",
      join(dataDir, `n${i + 1}`),
      "--initial-cluster",
      initial,
    ];
    flags.push("--listen-client-urls", client(i), "--advertise-client-urls", client(i));
    flags.push("--listen-peer-urls", peer(i), "--initial-advertise-peer-urls", peer(i));
    flags.push("--initial-cluster-token", "bench", "--quota-backend-bytes", String(8 * 2 ** 30));
    return startUntil("etcd", flags, /ready to serve client requests/, READY_MILLIS);
  };
  return clusterOf("etcd", dataDir, base, nodes, start);
}

async function clusterOf(
  kind: Cluster["kind"],
  dataDir: string,
  base: number,
  nodes: number,
  start: (index: number) => Promise<Measured>,
): Promise<Cluster> {
  const members = await Promise.all(Array.from({ length: nodes }, (_, i) => start(i)));
  return {
    kind,
    members,
    clients: members.map((_, i) => `127.0.0.1:${base + 2 * i}`),
    async kill(index) {
      const member = members[index];
      if (member !== undefined) await stop(member, "SIGKILL");
    },
    async restart(index) {
      members[index] = await start(index);
    },
    async stop() {
      await Promise.all(members.map((member) => stop(member)));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
