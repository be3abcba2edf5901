import { join } from "node:path";
import type { LocalCluster } from "./cluster-file.ts";
import { type Ended, LocalNode } from "./local-node.ts";
import { portsOf } from "./ports.ts";

/** Preallocated files of three nodes must not fill a laptop's disk: a fourth of the default size. */
const SEGMENT_BYTES = 16 * 2 ** 20;
const READY_MILLIS_MAX = 120_000;
/** npm hands on the Ctrl-C that the terminal has sent as well: two signals as close as this are one. */
const SAME_SIGNAL_MILLIS = 500;
const PARENT_LOOK_MILLIS = 1000;
const INTERRUPTED = 130;

/** Starts the nodes, says when they serve, and ends with them. */
export class Launcher {
  readonly #directory: string;
  readonly #cluster: LocalCluster;
  readonly #nodes: LocalNode[] = [];
  #stopping: number | null = null;
  #ready = false;
  #interrupted = false;

  constructor(directory: string, cluster: LocalCluster) {
    this.#directory = directory;
    this.#cluster = cluster;
  }

  /** Resolves with the exit code once every node has ended. */
  async run(): Promise<number> {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => this.#onSignal());
    this.#stopWithParent();
    this.#startAll();
    const ended = this.#nodes.map(async (node) => this.#onEnded(node, await node.ended));
    const ready = await Promise.race([
      this.#allReady(),
      ...ended.map((end) => end.then(() => false)),
    ]);
    if (ready) {
      this.#ready = true;
      process.stdout.write("cluster ready\n");
    } else if (this.#stopping === null) {
      process.stderr.write("the cluster could not be started: stopping\n");
      this.#stop();
    }
    await Promise.all(ended);
    if (this.#stopping !== null && this.#ready) {
      process.stdout.write("stopped\n");
      return 0;
    }
    return this.#interrupted ? 0 : 1;
  }

  #startAll(): void {
    const { token, portBase } = this.#cluster;
    const nodes = portsOf(portBase).map((ports, i) => ({ ...ports, name: `n${i + 1}` }));
    const initialCluster = nodes.map(({ name, peer }) => `${name}=127.0.0.1:${peer}`).join(",");
    for (const { name, client, peer } of nodes) {
      const settings = {
        "data-dir": join(this.#directory, name),
        "listen-client-urls": `http://127.0.0.1:${client}`,
        "listen-peer-urls": `http://127.0.0.1:${peer}`,
        "initial-cluster": initialCluster,
        "initial-cluster-token": token,
        "journal-segment-bytes": String(SEGMENT_BYTES),
      };
      const args = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
      const node = new LocalNode(name, join(this.#directory, `${name}.log`), args);
      this.#nodes.push(node);
      process.stdout.write(
        `${name}  http://127.0.0.1:${client}  process ${node.pid}  log ${node.logFile}\n`,
      );
    }
    const endpoints = nodes.map(({ client }) => `127.0.0.1:${client}`).join(",");
    process.stdout.write(`endpoints ${endpoints}\n`);
  }

  async #allReady(): Promise<boolean> {
    const late = new Promise<false>((resolve) =>
      setTimeout(() => resolve(false), READY_MILLIS_MAX).unref(),
    );
    const all = Promise.all(this.#nodes.map(({ ready }) => ready)).then(() => true);
    return Promise.race([all, late]);
  }

  /** One node that dies is told; the others go on without it, as a cluster should. */
  #onEnded(node: LocalNode, { code, signal }: Ended): void {
    if (this.#stopping !== null) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    process.stderr.write(
      `${node.name} ended ${how}; its last lines in ${node.logFile}:\n${node.lastLines()}`,
    );
  }

  #onSignal(): void {
    const now = performance.now();
    if (this.#stopping === null) {
      this.#interrupted = true;
      process.stdout.write("stopping\n");
      this.#stop();
    } else if (now - this.#stopping > SAME_SIGNAL_MILLIS) {
      for (const node of this.#nodes) node.stop("SIGKILL");
      process.exit(INTERRUPTED);
    }
  }

  #stop(): void {
    this.#stopping = performance.now();
    for (const node of this.#nodes) node.stop("SIGTERM");
  }

  /** A shell that npm ends does not tell its children: we see that we have another parent. */
  #stopWithParent(): void {
    if (process.env["npm_lifecycle_event"] === undefined) return;
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid !== parent && this.#stopping === null) this.#onSignal();
    }, PARENT_LOOK_MILLIS);
    look.unref();
  }
}
