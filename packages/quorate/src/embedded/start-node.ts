import { type Log, type ServerOptions, silentLog, type TlsFiles } from "@quorate/server";
import { Calls } from "./calls.ts";
import type { KeyRange } from "./key-value.ts";
import { Kv } from "./kv.ts";
import { Leases } from "./leases.ts";
import type { Peers } from "./peers.ts";
import { startInThread } from "./start-in-thread.ts";
import type { StartedNode } from "./started-node.ts";
import type { Status } from "./status.ts";
import { Watch, type WatchOptions } from "./watch.ts";
import { startInWorker } from "./worker/index.ts";

export interface StartNodeOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly peers: Peers;
  /** Tells clusters apart that are founded by equal lists; new for every cluster. */
  readonly cluster: string;
  /**
   * `worker`, if not given: a thread of its own, so that the application's stalls are not the node's. `thread`: the
   * caller's own, where an election follows a stall of half a second; for tests.
   */
  readonly runIn?: "worker" | "thread";
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
  /** A `pino` logger is one. Silent if not given. Called in the caller's thread. */
  readonly log?: Log;
  /** The node stopped by itself, and why: its disk failed, it was removed from the cluster, or its thread failed. */
  readonly onHalt?: (reason: string) => void;
}

/** A node inside this process, which it keeps alive until it is closed. */
export interface EmbeddedNode {
  /** Resolves once reads and writes are served through this node. */
  readonly ready: Promise<void>;
  readonly kv: Kv;
  readonly lease: Leases;
  watch(range: KeyRange, options?: WatchOptions): Watch;
  /**
   * At once. Of a node in a worker it is what that thread last told: as new as the last answer that came from it, and
   * at most 100 ms older than what it knows, as long as this thread takes its messages.
   */
  status(): Status;
  /** Where etcd's clients reach it, host:port. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** Answers what is under way, hands leadership over and stops; what is on disk stays. To call it again is harmless. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1:0";

/**
 * Starts a node in this process: founds, joins, or goes on with the cluster in its data directory. Throws what stands
 * in the way, with nothing left open; the texts say what to do.
 */
export async function startNode(options: StartNodeOptions): Promise<EmbeddedNode> {
  const { runIn = "worker", log = silentLog, onHalt = () => {} } = options;
  const server = serverOptions(options);
  if (runIn === "thread") return embedded(await startInThread({ ...server, log, onHalt }));
  return embedded(await startInWorker(server, log, onHalt));
}

function serverOptions(options: StartNodeOptions): Omit<ServerOptions, "log" | "onHalt"> {
  const { name, peers } = options;
  const own = peers.founders.find((founder) => founder.name === name)?.address;
  const listenPeer = options.listenPeer ?? own ?? LOOPBACK;
  const advertisePeer = own ?? listenPeer;
  const listenClient = options.listenClient ?? LOOPBACK;
  const alone = peers.founders.length === 0 && peers.join.length === 0;
  return {
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
    ...(options.journalSegmentBytes !== undefined && { segmentBytes: options.journalSegmentBytes }),
  };
}

function embedded(started: StartedNode): EmbeddedNode {
  const { port, ready, clientAddress, peerAddress } = started;
  const calls = new Calls(port);
  return {
    ready,
    clientAddress,
    peerAddress,
    kv: new Kv(calls),
    lease: new Leases(calls),
    watch: (range, options = {}) => new Watch(port, range, options),
    status: () => port.status(),
    close: () => started.close(),
  };
}
