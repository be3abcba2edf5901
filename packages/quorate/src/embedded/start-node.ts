import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import {
  type Log,
  type RunningServer,
  silentLog,
  startServer,
  type TlsFiles,
} from "@quorate/server";
import { Calls } from "./calls.ts";
import type { KeyRange } from "./key-value.ts";
import { Kv } from "./kv.ts";
import { Leases } from "./leases.ts";
import type { Peers } from "./peers.ts";
import { Watch, type WatchOptions } from "./watch.ts";

export interface StartNodeOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly peers: Peers;
  /** Tells clusters apart that are founded by equal lists; new for every cluster. */
  readonly cluster: string;
  /** In the thread of its caller, whose stalls are then the node's: an election follows one of half a second. */
  readonly runIn: "thread";
  /** host:port; port 0 takes a free one. Loopback and a free port if not given. */
  readonly listenClient?: string;
  /** host:port. A founder's is the one in `peers` if not given. */
  readonly listenPeer?: string;
  /** Size of a journal file; two more are held in reserve. 64 MiB if not given. */
  readonly journalSegmentBytes?: number;
  /** Certificates for clients, in PEM files: with them the client port speaks TLS only; with `ca` clients must show one too. */
  readonly clientTls?: TlsFiles;
  /** Certificates for members, `ca` included: with them members speak mutual TLS only. */
  readonly peerTls?: TlsFiles;
  /** A `pino` logger is one. Silent if not given. */
  readonly log?: Log;
  /** The node stopped by itself, and why: its disk failed, or it was removed from the cluster. */
  readonly onHalt?: (reason: string) => void;
}

/** What this node knows of itself and its cluster. */
export interface Status {
  readonly node: bigint;
  readonly cluster: bigint;
  readonly role: "leader" | "follower" | "candidate" | "learner" | "none";
  readonly leader: bigint | null;
  readonly term: number;
  readonly members: readonly {
    readonly node: bigint;
    readonly name: string;
    readonly learner: boolean;
  }[];
}

/** A node inside this process. */
export interface EmbeddedNode {
  /** Resolves once reads and writes are served through this node. */
  readonly ready: Promise<void>;
  readonly kv: Kv;
  readonly lease: Leases;
  watch(range: KeyRange, options?: WatchOptions): Watch;
  status(): Status;
  /** Where etcd's clients reach it, host:port. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** Hands leadership over and stops; what is on disk stays. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1:0";

/**
 * Starts a node in this process: founds, joins, or goes on with the cluster in its data directory. Throws what stands
 * in the way, with nothing left open; the texts say what to do.
 */
export async function startNode(options: StartNodeOptions): Promise<EmbeddedNode> {
  const { name, peers } = options;
  const own = peers.founders.find((founder) => founder.name === name)?.address;
  const listenPeer = options.listenPeer ?? own ?? LOOPBACK;
  const advertisePeer = own ?? listenPeer;
  const listenClient = options.listenClient ?? LOOPBACK;
  const alone = peers.founders.length === 0 && peers.join.length === 0;
  const server = await startServer({
    name,
    dataDir: options.dataDir,
    listenPeer,
    listenClient,
    advertisePeer,
    advertiseClients: [`${options.clientTls === undefined ? "http" : "https"}://${listenClient}`],
    clientTls: options.clientTls ?? null,
    peerTls: options.peerTls ?? null,
    token: options.cluster,
    initialCluster: alone ? [{ name, address: advertisePeer }] : peers.founders,
    foundersNamed: peers.founders.length > 0,
    join: peers.join,
    learner: false,
    log: options.log ?? silentLog,
    onHalt: options.onHalt ?? (() => {}),
    ...(options.journalSegmentBytes !== undefined && { segmentBytes: options.journalSegmentBytes }),
  });
  return embedded(server);
}

function embedded(server: RunningServer): EmbeddedNode {
  const { host, ready, clientAddress, peerAddress } = server;
  const calls = new Calls(host);
  return {
    ready,
    clientAddress,
    peerAddress,
    kv: new Kv(calls),
    lease: new Leases(calls),
    watch: (range, options = {}) => new Watch(host, range, options),
    status: () => {
      const group = host.groupOf(DEFAULT_KEYSPACE);
      const { node, cluster } = host.identity;
      const members = host.status().members.map((member) => ({
        node: member.node,
        name: member.name,
        learner: member.learner,
      }));
      const role = group?.role ?? "none";
      return {
        node,
        cluster,
        role,
        leader: group?.leader ?? null,
        term: group?.term ?? 0,
        members,
      };
    },
    close: () => server.stop(),
  };
}
