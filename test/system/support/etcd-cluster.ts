import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "@quorate/torture";
import { type Cluster, type Member, startedOf, stopAll } from "./cluster.ts";
import { ServerProcess } from "./server-process.ts";

const READY_MILLIS = 30_000;

/** Debian's etcd, each member a process, on the same terms. */
export async function startEtcd(nodes = 3): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), "etcd-system-"));
  const ports = await freePorts(2 * nodes);
  const url = (i: number, port: number): string => `http://127.0.0.1:${ports[2 * i + port]}`;
  const initial = Array.from({ length: nodes }, (_, i) => `n${i + 1}=${url(i, 1)}`).join(",");
  const launch = (i: number): ServerProcess =>
    new ServerProcess(`etcd n${i + 1}`, "etcd", [
      `--name=n${i + 1}`,
      `--data-dir=${join(root, `n${i + 1}`)}`,
      `--listen-client-urls=${url(i, 0)}`,
      `--advertise-client-urls=${url(i, 0)}`,
      `--listen-peer-urls=${url(i, 1)}`,
      `--initial-advertise-peer-urls=${url(i, 1)}`,
      `--initial-cluster=${initial}`,
      `--initial-cluster-token=${root}`,
      `--quota-backend-bytes=${8 * 2 ** 30}`,
    ]);
  const members = Array.from({ length: nodes }, (_, i): Member => {
    const address = (port: number): string => url(i, port).slice("http://".length);
    return { name: `n${i + 1}`, client: address(0), peer: address(1), process: launch(i) };
  });
  const cluster: Cluster = {
    kind: "etcd",
    members,
    endpoints: members.map(({ client }) => client),
    restart(index) {
      const member = members[index];
      if (member === undefined) throw new RangeError(`no member ${index}`);
      members[index] = { ...member, process: launch(index) };
    },
    async ready() {
      const sign = /ready to serve client requests/;
      await Promise.all(members.map(({ process: p }) => p.line(sign, READY_MILLIS)));
    },
    async stop() {
      await stopAll(members);
      rmSync(root, { recursive: true, force: true });
    },
  };
  return startedOf(cluster);
}

/** Why this machine cannot run the peer; null where it can. */
export function etcdMissing(): string | null {
  try {
    execFileSync("etcd", ["--version"], { stdio: "ignore" });
    return null;
  } catch {
    return "etcd is not installed";
  }
}
