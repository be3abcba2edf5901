import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Network } from "../../test/system/support/network.ts";
import { atTheEnd } from "../leftovers.ts";
import type { Certificates } from "./certificates.ts";
import { cpuMicros, type Measured, startUntil, stop } from "./processes.ts";

/** Members of one kind, ready to be loaded. */
export interface Cluster {
  readonly kind: "quorate" | "etcd";
  readonly members: Measured[];
  /** Where each member serves clients: http(s)://host:port. */
  readonly clients: readonly string[];
  /** A directory for each member, which goes with the cluster. */
  readonly dataDirs: readonly string[];
  /** Kills one member hard. */
  kill(index: number): Promise<void>;
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The first of its ports: one for clients and one for peers for each member. */
  readonly base: number;
  /** Three, unless it says so. */
  readonly nodes?: number;
  /** With them clients and peers speak TLS, the peers mutually. */
  readonly certificates?: Certificates;
  /** Members in networks of their own; without it all are on 127.0.0.1. */
  readonly network?: Network;
  /** host:port where the others reach each member, where that is not where it listens. */
  readonly reachedAt?: readonly string[];
  /** Quorate's alone: how much is written between two checkpoints. */
  readonly checkpointBytes?: number;
  /** Quorate's alone: the profile of the keyspace `default`. */
  readonly profile?: string;
}

/** Where one member lives. */
export interface Place {
  readonly name: string;
  readonly dataDir: string;
  /** host:port */
  readonly client: string;
  readonly peer: string;
  /** Where the others dial it. */
  readonly reached: string;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | null;
}

/** How a server of one kind is started, and the line with which it says that it serves. */
export interface Kind {
  readonly kind: Cluster["kind"];
  command(place: Place, all: readonly Place[], options: ClusterOptions): readonly string[];
  readonly sign: RegExp;
}

const NODES = 3;
const READY_MILLIS = 120_000;

export async function startCluster(kind: Kind, options: ClusterOptions): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), `bench-${kind.kind}-`));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  const forget = atTheEnd(remove);
  const places = placesOf(root, options);
  if (options.certificates !== undefined) trust(options.certificates);
  const start = (index: number): Promise<Measured> => {
    const place = places[index];
    if (place === undefined) throw new RangeError(`there is no member ${index}`);
    const prefix = options.network?.prefixOf(index) ?? [];
    const command = kind.command(place, places, options);
    return startUntil([...prefix, ...command], kind.sign, READY_MILLIS);
  };
  const starting = await Promise.allSettled(places.map((_, i) => start(i)));
  const members = starting.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const cluster: Cluster = {
    kind: kind.kind,
    members,
    clients: places.map(({ client, tls }) => `${tls === null ? "http" : "https"}://${client}`),
    dataDirs: places.map(({ dataDir }) => dataDir),
    async kill(index) {
      const member = members[index];
      if (member !== undefined) await stop(member, "SIGKILL");
    },
    async restart(index) {
      members[index] = await start(index);
    },
    async stop() {
      await Promise.all(members.map((member) => stop(member)));
      forget();
      remove();
    },
  };
  for (const one of starting) {
    if (one.status === "fulfilled") continue;
    await cluster.stop();
    throw one.reason;
  }
  return cluster;
}

/** Starts clusters one after the other, and stops all of them whatever becomes of the work, or of a start. */
export async function usingClusters<T>(
  starts: readonly (() => Promise<Cluster>)[],
  work: (clusters: readonly Cluster[]) => Promise<T>,
): Promise<T> {
  const clusters: Cluster[] = [];
  try {
    for (const start of starts) clusters.push(await start());
    return await work(clusters);
  } finally {
    for (const cluster of clusters) await cluster.stop();
  }
}

/** CPU over all members so far, in microseconds. */
export const cpuOf = (cluster: Cluster): number =>
  cluster.members.reduce((sum, member) => sum + cpuMicros(member), 0);

function placesOf(root: string, options: ClusterOptions): Place[] {
  const { base, nodes, certificates, network, reachedAt } = options;
  return Array.from({ length: nodes ?? NODES }, (_, i) => {
    const name = `n${i + 1}`;
    const host = network?.hostOf(i) ?? "127.0.0.1";
    const peer = `${host}:${base + 2 * i + 1}`;
    return {
      name,
      dataDir: join(root, name),
      client: `${host}:${base + 2 * i}`,
      peer,
      reached: reachedAt?.[i] ?? peer,
      tls: certificates?.of(name) ?? null,
    };
  });
}

/** This process asks servers over HTTPS too. */
function trust({ ca }: Certificates): void {
  const known = getCACertificates("default");
  if (!known.includes(ca)) setDefaultCACertificates([...known, ca]);
}
