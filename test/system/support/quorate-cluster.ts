import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "@quorate/torture";
import { type Cluster, type Member, startedOf, stopAll } from "./cluster.ts";
import { ServerProcess } from "./server-process.ts";

/** What `quorate-node.ts` is told. */
export interface NodeSettings {
  readonly name: string;
  readonly dataDir: string;
  readonly client: string;
  readonly peer: string;
  readonly token: string;
  readonly founders: readonly { readonly name: string; readonly address: string }[];
  readonly etcd?: { readonly progressIntervalMs?: number };
  readonly segmentBytes?: number;
  readonly freeBytesMin?: number;
}

export interface QuorateOptions {
  /** Where each member's data lie, by its number; a temporary directory unless told. */
  readonly dataDirOf?: (index: number) => string;
  /** Where each member listens, both ports told; loopback unless told. */
  readonly hostOf?: (index: number) => string;
  /** Put before each member's command, such as `ip netns exec NAME`. */
  readonly prefixOf?: (index: number) => readonly string[];
  readonly settings?: Pick<NodeSettings, "etcd" | "segmentBytes" | "freeBytesMin">;
}

const READY_MILLIS = 30_000;
const SCRIPT = join(import.meta.dirname, "quorate-node.ts");

/** Nodes of Quorate as they are built, each a process; resolves when all serve. */
export async function startQuorate(nodes = 3, options: QuorateOptions = {}): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), "quorate-system-"));
  const ports = await freePorts(2 * nodes);
  const addressOf = (index: number, port: number): string =>
    `${options.hostOf?.(index) ?? "127.0.0.1"}:${ports[2 * index + port]}`;
  const founders = Array.from({ length: nodes }, (_, i) => ({
    name: `n${i + 1}`,
    address: addressOf(i, 1),
  }));
  const launch = (i: number): ServerProcess => {
    const name = `n${i + 1}`;
    const settings: NodeSettings = {
      name,
      dataDir: options.dataDirOf?.(i) ?? join(root, name),
      client: addressOf(i, 0),
      peer: addressOf(i, 1),
      token: root,
      founders,
      ...options.settings,
    };
    const command = [...(options.prefixOf?.(i) ?? []), process.execPath, SCRIPT];
    return new ServerProcess(`quorate ${name}`, command[0] ?? "", [
      ...command.slice(1),
      JSON.stringify(settings),
    ]);
  };
  const members = Array.from(
    { length: nodes },
    (_, i): Member => ({
      name: `n${i + 1}`,
      client: addressOf(i, 0),
      peer: addressOf(i, 1),
      process: launch(i),
    }),
  );
  const cluster: Cluster = {
    kind: "quorate",
    members,
    endpoints: members.map(({ client }) => client),
    restart(index) {
      const member = members[index];
      if (member === undefined) throw new RangeError(`no member ${index}`);
      members[index] = { ...member, process: launch(index) };
    },
    async ready() {
      await Promise.all(members.map(({ process: p }) => p.line(/^ready$/, READY_MILLIS)));
    },
    async stop() {
      await stopAll(members);
      rmSync(root, { recursive: true, force: true });
    },
  };
  return startedOf(cluster);
}
