import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Cleanup } from "../cleanup.ts";
import { Cluster, etcd, freePorts, quorate, type Subject } from "../cluster/index.ts";
import { failureOf, toolNow } from "../command.ts";
import { SmallDisk, smallDisksMissing } from "../disk/index.ts";
import { type FaultType, kindOf } from "../faults/index.ts";
import {
  Namespaces,
  type Network,
  namespacesMissing,
  Relays,
  relaysMissing,
} from "../network/index.ts";
import type { Options } from "./options.ts";

/** Why nothing can be run here; the text says what to do. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}

/** All that a run needs of the machine, laid out. */
export interface Stage {
  readonly subject: Subject;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly disks: readonly SmallDisk[];
  readonly disksMissing: string | null;
}

const PORTS_PER_MEMBER = 3;
/** Processes that were killed a moment ago may not have let go of everything. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };

/** Lays it out, with members that do not run yet. What it lays is in `cleanup` before it is laid. */
export async function layOut(options: Options, cleanup: Cleanup): Promise<Stage> {
  const subject = subjectOf(options);
  const data = dataOf(options, cleanup);
  const pids: { of: (index: number) => number | null } = { of: () => null };
  const network = await networkOf(options, (index) => pids.of(index), cleanup);
  const wanted = options.faults.some((type) => usesDisks(type));
  const missing = wanted ? smallDisksMissing(data) : "no fault asks for them";
  const disks =
    missing === null
      ? Array.from(
          { length: options.nodes },
          (_, i) => new SmallDisk(join(data, `n${i + 1}`), cleanup),
        )
      : [];
  const dirs = {
    data,
    logs: join(options.report, "logs"),
    token: `torture-${process.pid}-${options.seed}`,
  };
  const cluster = new Cluster(subject, network, options.nodes, dirs, cleanup);
  cleanup.add("connections", () => cluster.api.close());
  pids.of = (index) => cluster.members[index]?.pid ?? null;
  return { subject, network, cluster, disks, disksMissing: missing };
}

/** A directory that nobody has used: a server would not found a cluster on the data of another. */
function dataOf({ data }: Options, cleanup: Cleanup): string {
  if (data === null) {
    const made = mkdtempSync(join(tmpdir(), "quorate-torture-"));
    cleanup.add(`data in ${made}`, () => rmSync(made, REMOVAL));
    return made;
  }
  mkdirSync(data, { recursive: true });
  if (readdirSync(data).length === 0) return data;
  throw new CannotRun(`${data} is not empty: choose another --data`);
}

const usesDisks = (type: FaultType): boolean => kindOf(type).family === "disk" && type !== "rotBit";

function subjectOf({ against, server }: Options): Subject {
  if (against === "quorate") return quorate(server ?? installedQuorate());
  const failure = failureOf(() => toolNow("etcd", "--version"));
  if (failure !== null) throw new CannotRun(`etcd cannot be started: ${failure}`);
  return etcd;
}

/** The command that runs us, or the package beside us: it depends on this one, so it cannot be imported. */
function installedQuorate(): string {
  const [, running = ""] = process.argv;
  if (/^(quorate|run)(\.cjs)?$/.test(basename(running))) return running;
  try {
    const entry = createRequire(import.meta.url).resolve("quorate");
    return join(dirname(entry), "../bin/quorate.cjs");
  } catch (error) {
    throw new CannotRun("there is no quorate command beside this package: name it with --server", {
      cause: error,
    });
  }
}

async function networkOf(
  { network, nodes }: Options,
  pidOf: (index: number) => number | null,
  cleanup: Cleanup,
): Promise<Network> {
  const noNamespaces = network === "relays" ? "not asked for" : namespacesMissing();
  if (noNamespaces === null) return new Namespaces(nodes, cleanup);
  if (network === "namespaces") throw new CannotRun(noNamespaces);
  const noRelays = relaysMissing();
  if (noRelays !== null) throw new CannotRun(`${noNamespaces}; ${noRelays}`);
  return Relays.open(nodes, await freePorts(PORTS_PER_MEMBER * nodes), pidOf, cleanup);
}
