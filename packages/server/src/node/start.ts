import { DEFAULT_KEYSPACE, PEER_VERSIONS, SYSTEM_KEYSPACE, ticks } from "@quorate/kernel/core";
import { type Bootstrap, DEFAULT_OPTIONS, type NodeOptions as KernelOptions, startNode } from "@quorate/kernel/replica";
import { GATEWAY_OPTIONS, Gateway, type GatewayOptions } from "../gateway/index.ts";
import { type Host, type Log, openNode, random63, readNodeFile, systemClock } from "../host/index.ts";
import { JoinFailed, requestJoin } from "../transport/index.ts";
import { type Founder, foundingOf, nodeIdOf } from "./bootstrap.ts";
import { Membership } from "./membership.ts";

/** What a node is started with. Addresses are host:port. */
export interface ServerOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly listenPeer: string;
  readonly listenClient: string;
  /** Where others reach this node; what it listens on if they can reach that. */
  readonly advertisePeer: string;
  /** URLs that clients are told. */
  readonly advertiseClients: readonly string[];
  readonly token: string;
  /** All founders, this node among them; empty for a node that joins or has been started before. */
  readonly initialCluster: readonly Founder[];
  /** Peer addresses of members to ask to be let in. */
  readonly join: readonly string[];
  /** A joining node stays a learner until somebody promotes it. */
  readonly learner: boolean;
  readonly log: Log;
  readonly kernel?: Partial<KernelOptions>;
  readonly gateway?: Partial<GatewayOptions>;
  readonly segmentBytes?: number;
  readonly freeBytesMin?: number;
  /** The node stopped by itself, and why; everything is closed. */
  readonly onHalt: (reason: string) => void;
}

export interface RunningServer {
  readonly host: Host;
  readonly gateway: Gateway;
  /** host:port of the client port, as it was bound. */
  readonly clientAddress: string;
  readonly peerAddress: string;
  /** Resolves when the default keyspace serves linearizable reads here. */
  readonly ready: Promise<void>;
  /** Takes nothing new, answers what is under way, hands leadership over, closes. */
  stop(): Promise<void>;
}

/** How long a stop waits for leadership to move. */
const DRAIN_MILLIS = 3000;
/** A joining node asks each member for so long, and begins again after a pause. */
const JOIN_WAIT_MILLIS = 5000;
const JOIN_AGAIN_MILLIS = 1000;
const JOIN_ROUNDS_MAX = 60;
const READY_AGAIN_MILLIS = 50;
const PROMOTE_AGAIN_MILLIS = 500;

/**
 * Starts a node: founds or joins a cluster on an empty data directory, goes on with it on a used one. Throws what stands in
 * the way, with nothing left open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { name, dataDir, listenPeer, log } = options;
  const origin = await originOf(options);
  const clock = systemClock();
  const self = { name, peerAddress: options.advertisePeer, clientAddresses: options.advertiseClients };
  const settings: KernelOptions = { ...DEFAULT_OPTIONS, ...options.kernel };
  const { host, peerAddress } = await openNode({
    dataDir,
    listenPeer,
    identity: origin.identity,
    log,
    clock,
    onHalt: options.onHalt,
    kernel: (identity, recovered, seed) =>
      startNode({ identity, self, bootstrap: origin.bootstrap, recovered, seed }, settings, clock.now()),
    onJoin: async (port, request) => {
      const id = nodeIdOf(options.token, request.name, String(request.nonce));
      const membership = new Membership(port);
      const node = await membership.admit(id, request.name, request.peerAddress, JOIN_WAIT_MILLIS);
      const members = port.status().members.map((member) => ({ node: member.node, address: member.peerAddress }));
      return { type: "Joined", versions: PEER_VERSIONS, cluster: port.identity.cluster, node, members };
    },
    ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
    ...(options.freeBytesMin !== undefined && { freeBytesMin: options.freeBytesMin }),
  });
  const membership = new Membership(host);
  const gateway = new Gateway(host, membership, { ...GATEWAY_OPTIONS, ...options.gateway });
  try {
    const bound = await gateway.listen(hostOf(options.listenClient), portOf(options.listenClient));
    const watch = new Watching(host, membership, options.join.length > 0 && !options.learner);
    return {
      host,
      gateway,
      clientAddress: `${hostOf(options.listenClient)}:${bound.port}`,
      peerAddress,
      ready: watch.ready,
      stop: async () => {
        watch.stop();
        gateway.drain();
        await host.drain(DRAIN_MILLIS);
        gateway.destroy();
      },
    };
  } catch (error) {
    gateway.destroy();
    await host.close();
    throw error;
  }
}

/** Who this node is: known from its directory, a founder by its settings, or let in by a member. */
async function originOf(options: ServerOptions): Promise<{
  readonly identity: Parameters<typeof openNode>[0]["identity"];
  readonly bootstrap: Bootstrap;
}> {
  const { name, token, initialCluster, join, log } = options;
  if (readNodeFile(options.dataDir) !== null) {
    const founders = initialCluster.length === 0 ? [] : foundingOf(token, initialCluster).founders;
    return { identity: null, bootstrap: { founders } };
  }
  if (join.length > 0) {
    const { cluster, node, members } = await joinCluster(options);
    log.info({ cluster: String(cluster), node: String(node) }, "joined the cluster");
    const others = members.filter((member) => member.node !== node);
    const founders = others.map((member) => ({ node: member.node, name: "", peerAddress: member.address }));
    return { identity: { cluster, node }, bootstrap: { founders } };
  }
  if (initialCluster.length === 0) return { identity: null, bootstrap: { founders: [] } };
  const { cluster, founders } = foundingOf(token, initialCluster);
  const self = founders.find((founder) => founder.name === name);
  if (self === undefined) {
    const names = initialCluster.map((founder) => founder.name).join(", ");
    throw new Error(`this node is called ${name}, but --initial-cluster names ${names}: add it, or correct --name`);
  }
  return { identity: { cluster, node: self.node }, bootstrap: { founders } };
}

/** Asks one member after another; to ask twice is harmless, the address tells who asks. */
async function joinCluster(options: ServerOptions): Promise<Awaited<ReturnType<typeof requestJoin>>> {
  const { name, join, advertisePeer: peerAddress, advertiseClients: clientAddresses, log } = options;
  const request = { nonce: random63(), name, peerAddress, clientAddresses };
  let last = new JoinFailed("no member to ask");
  for (let round = 0; round < JOIN_ROUNDS_MAX; round++) {
    for (const address of join) {
      try {
        return await requestJoin(address, request, null, JOIN_WAIT_MILLIS);
      } catch (error) {
        if (!(error instanceof JoinFailed)) throw error;
        last = error;
        log.warn({ address, why: error.message }, "not let in yet");
      }
    }
    await new Promise((resolve) => setTimeout(resolve, JOIN_AGAIN_MILLIS));
  }
  throw last;
}

/** Watches a node come up: readiness, and the promotion of one that joined. Both are asked again until they are so. */
class Watching {
  readonly ready: Promise<void>;
  readonly #host: Host;
  readonly #membership: Membership;
  #timers: NodeJS.Timeout[] = [];
  #stopped = false;

  constructor(host: Host, membership: Membership, promote: boolean) {
    this.#host = host;
    this.#membership = membership;
    this.ready = new Promise((resolve) => this.#askReady(resolve));
    if (promote) this.#promote();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #askReady(resolve: () => void): void {
    if (this.#stopped) return;
    const status = this.#host.groupOf(DEFAULT_KEYSPACE);
    if (status === null || status.leader === null || !status.serving) return this.#later(READY_AGAIN_MILLIS, () => this.#askReady(resolve));
    const again = (): void => this.#later(READY_AGAIN_MILLIS, () => this.#askReady(resolve));
    const deadline = ticks(this.#host.now() + 1000);
    this.#host.read({ onReply: again, onReadable: resolve }, DEFAULT_KEYSPACE, "readIndex", deadline);
  }

  /** A node that joined is a learner; when it is in step its leader agrees to count its vote. */
  #promote(): void {
    if (this.#stopped) return;
    const self = this.#host.identity.node;
    const member = this.#host.status().members.find(({ node }) => node === self);
    if (member?.learner === false) return;
    const again = (): void => this.#later(PROMOTE_AGAIN_MILLIS, () => this.#promote());
    const inStep = this.#host.groupOf(DEFAULT_KEYSPACE)?.serving === true && this.#host.groupOf(SYSTEM_KEYSPACE)?.leader != null;
    if (member === undefined || !inStep) return again();
    this.#membership.promoteMember(self, ticks(this.#host.now() + 5000), (outcome) => {
      if (!outcome.ok) again();
    });
  }

  #later(millis: number, act: () => void): void {
    this.#timers = [...this.#timers.filter((timer) => timer.hasRef()), setTimeout(act, millis)];
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
