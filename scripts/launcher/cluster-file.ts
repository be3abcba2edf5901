import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFree, portsOf } from "./ports.ts";

/** What the nodes of a local cluster were founded with. It must be the same at every start. */
export interface LocalCluster {
  readonly token: string;
  readonly portBase: number;
}

const PORT_BASE = 2379;
/** From one block of ports to the next, and how many are tried. */
const BLOCK_STEP = 10;
const BLOCKS_MAX = 200;

/**
 * The cluster that the directory holds, or a new one on the first free block of ports. The members of one that was
 * founded know each other by their ports, so it cannot move: a port that is taken then is an error.
 */
export async function settle(directory: string, wanted: number | null): Promise<LocalCluster> {
  const file = join(directory, "cluster.json");
  const known = read(file);
  if (known !== null) {
    if (wanted !== null && wanted !== known.portBase) {
      throw new Error(
        `the cluster in ${directory} has its ports at ${known.portBase}, not ${wanted}: leave --port-base out, ` +
          "or choose another --data-dir for a new cluster",
      );
    }
    const taken = await firstTaken(known.portBase);
    if (taken === null) return known;
    throw new Error(
      `port ${taken} is in use, and the cluster in ${directory} was founded on it: stop what uses it (an earlier ` +
        "`npm start`?), or choose another --data-dir for a new cluster",
    );
  }
  const cluster = {
    token: `local-${randomBytes(8).toString("hex")}`,
    portBase: await freeBase(wanted ?? PORT_BASE),
  };
  mkdirSync(directory, { recursive: true });
  // Renamed into place: half a file would be a cluster that cannot be started again.
  writeFileSync(`${file}.new`, `${JSON.stringify(cluster, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return cluster;
}

async function freeBase(first: number): Promise<number> {
  for (let base = first; base < first + BLOCK_STEP * BLOCKS_MAX; base += BLOCK_STEP) {
    const taken = await firstTaken(base);
    if (taken === null) return base;
    process.stdout.write(`port ${taken} is in use, trying the next block\n`);
  }
  throw new Error(`no free block of ports from ${first}: choose another --port-base`);
}

async function firstTaken(base: number): Promise<number | null> {
  for (const { client, peer } of portsOf(base)) {
    if (!(await isFree(client))) return client;
    if (!(await isFree(peer))) return peer;
  }
  return null;
}

function read(file: string): LocalCluster | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return null;
  }
  const { token, portBase } = JSON.parse(text) as Partial<LocalCluster>;
  if (typeof token === "string" && typeof portBase === "number") return { token, portBase };
  throw new Error(
    `${file} is not as \`npm start\` writes it: restore it, or move its directory away`,
  );
}
