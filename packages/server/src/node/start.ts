import type { NodeId } from "@quorate/kernel/core";
import {
  DEFAULT_OPTIONS,
  type NodeOptions as KernelOptions,
  startNode,
} from "@quorate/kernel/replica";
import { commandJson, GATEWAY_OPTIONS, Gateway, type GatewayOptions } from "../gateway/index.ts";
import { type Host, type Log, openNode, systemClock } from "../host/index.ts";
import { MetricsRegistry } from "../metrics/index.ts";
import type { TlsFiles } from "../tls/index.ts";
import { parseAddress } from "../transport/index.ts";
import { listening } from "./address.ts";
import type { Founder } from "./bootstrap.ts";
import { ComingUp } from "./coming-up.ts";
import { answerJoin } from "./door.ts";
import { Exposures } from "./exposures.ts";
import { Keyspaces } from "./keyspaces.ts";
import { Membership } from "./membership.ts";
import { warnIfMoved } from "./moved.ts";
import { originOf, StartRefused } from "./origin.ts";
import { PortCertificates } from "./port-certificates.ts";

/** What a node is started with. Addresses are host:port. */
export interface ServerOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly listenPeer: string;
  readonly listenClient: string;
  /** Where the other members reach this node. */
  readonly advertisePeer: string;
  /** URLs that clients are told. */
  readonly advertiseClients: readonly string[];
  readonly token: string;
  /** All founders, this node among them; empty for a node that joins. */
  readonly initialCluster: readonly Founder[];
  /** Somebody wrote the founders down, so a used data directory must be one of theirs. */
  readonly foundersNamed: boolean;
  /** Peer addresses of members to ask to be let in. */
  readonly join: readonly string[];
  /** A joining node stays a learner until somebody promotes it. */
  readonly learner: boolean;
  /** With them the client port speaks TLS only; with an authority among them clients must show a certificate of it. */
  readonly clientTls?: TlsFiles | null;
  /** With them members speak mutual TLS only. An authority is among them. */
  readonly peerTls?: TlsFiles | null;
  readonly log: Log;
  readonly kernel?: Partial<KernelOptions>;
  readonly gateway?: Partial<Omit<GatewayOptions, "tls">>;
  readonly segmentBytes?: number;
  readonly freeBytesMin?: number;
  /** Aborted while the node still asks to be let in, it ends the start. */
  readonly signal?: AbortSignal;
  /** The node stopped by itself, and why; everything is closed. */
  readonly onHalt: (reason: string) => void;
}

export interface RunningServer {
  readonly host: Host;
  readonly node: NodeId;
  /** host:port of the client port, as it was bound. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** Resolves when the default keyspace serves linearizable reads, and so writes, through this node. */
  readonly ready: Promise<void>;
  /** Reads the files of certificates again, whether or not they look changed. Never rejects: what cannot be used is logged. */
  reloadCertificates(): Promise<void>;
  /** Takes nothing new, answers what is under way, hands leadership over, closes. To call it again is harmless. */
  stop(): Promise<void>;
}

/** How long a stop waits for leadership to move. */
const DRAIN_MILLIS = 3000;

/**
 * Starts a node: founds or joins a cluster on an empty data directory, goes on with it on a used one. Throws what
 * stands in the way (`StartRefused`, `AddressUnusable`, `CertificateUnusable`, `DirectoryInUse`, `DirectoryUnusable`,
 * `JournalDamaged`), with nothing left open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const certificates = await PortCertificates.open(options);
  try {
    return await startWith(certificates, options);
  } catch (error) {
    certificates.close();
    throw error;
  }
}

async function startWith(
  certificates: PortCertificates,
  options: ServerOptions,
): Promise<RunningServer> {
  const { name, dataDir, listenPeer, listenClient, log } = options;
  const origin = await originOf(options, certificates.peers);
  const self = {
    name,
    peerAddress: options.advertisePeer,
    clientAddresses: options.advertiseClients,
  };
  const settings: KernelOptions = { ...DEFAULT_OPTIONS, ...options.kernel };
  let gateway: Gateway | null = null;
  let comingUp: ComingUp | null = null;
  let exposures: Exposures | null = null;
  let halted: string | null = null;
  const opening = openNode({
    dataDir,
    listenPeer,
    identity: origin.identity,
    tls: certificates.peers,
    log,
    describe: commandJson,
    clock: systemClock(),
    kernel: (identity, recovered, seed, now) =>
      startNode({ identity, self, bootstrap: origin.bootstrap, recovered, seed }, settings, now),
    onJoin: (port, request) => answerJoin(port, request, options.token),
    onHalt: (reason) => {
      halted = reason;
      comingUp?.stop();
      exposures?.stop();
      gateway?.destroy();
      certificates.close();
      options.onHalt(reason);
    },
    ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
    ...(options.freeBytesMin !== undefined && { freeBytesMin: options.freeBytesMin }),
  });
  const { host, peerAddress } = await listening("peer", listenPeer, opening);
  const membership = new Membership(host);
  const keyspaces = new Keyspaces(host, settings.profiles);
  const port = new Gateway(
    host,
    membership,
    keyspaces,
    gatewayOptions(options, certificates),
    new MetricsRegistry(),
    host,
  );
  gateway = port;
  const client = parseAddress(listenClient);
  const exposed = new Exposures(host, port, client.host, log);
  exposures = exposed;
  try {
    const bound = await listening("client", listenClient, port.listen(client.host, client.port));
    if (halted !== null) throw new StartRefused(halted);
    const promote = options.join.length > 0 && !options.learner;
    exposed.start();
    const rising = new ComingUp(host, membership, promote);
    comingUp = rising;
    void rising.ready.then(() => warnIfMoved(host, options));
    return {
      host,
      node: host.identity.node,
      clientAddress: `${listenClient.slice(0, listenClient.lastIndexOf(":"))}:${bound.port}`,
      peerAddress,
      ready: rising.ready,
      reloadCertificates: () => certificates.reload(),
      stop: async () => {
        rising.stop();
        exposed.stop();
        port.drain();
        await host.drain(DRAIN_MILLIS);
        port.destroy();
        certificates.close();
      },
    };
  } catch (error) {
    exposed.stop();
    port.destroy();
    await host.close();
    throw error;
  }
}

function gatewayOptions(options: ServerOptions, certificates: PortCertificates): GatewayOptions {
  const chosen = { ...GATEWAY_OPTIONS, ...options.gateway };
  const peerScheme = certificates.peers === null ? "http" : "https";
  return { ...chosen, etcd: { ...chosen.etcd, peerScheme }, tls: certificates.clients };
}
