import {
  DEFAULT_OPTIONS,
  type NodeOptions as KernelOptions,
  standardProfiles,
} from "@quorate/kernel/replica";
import { GATEWAY_OPTIONS, type GatewayOptions } from "../gateway/index.ts";
import type { ServerOptions } from "../node/index.ts";
import { parseAddress } from "../transport/index.ts";
import { BadConfiguration, type Configuration } from "./load.ts";
import { Reading } from "./reading.ts";
import { ELECTION_RULE, HEARTBEATS_PER_ELECTION_MIN, SETTINGS } from "./settings.ts";
import { addressIn, type Tls, tlsOf } from "./tls-options.ts";
import { isLoopback, parseFounders, parseListenUrl, parseUrls } from "./values.ts";

/** What a configuration makes of a server, beside what only the process can give it. */
export interface Configured {
  readonly options: Omit<ServerOptions, "log" | "onHalt" | "signal">;
  /** Sentences for whoever starts it: allowed, and worth knowing. */
  readonly warnings: readonly string[];
}

/** A request in gRPC has so much around it. */
const MESSAGE_OVERHEAD_BYTES = 512 * 1024;
const LEASE_TTL_SECONDS_MIN = 2;
const LEASES_MAX = 1_000_000;
const WATCHERS_MAX = 1_000_000;

/** Throws `BadConfiguration` where settings that are right one by one do not go together. */
export function serverOptions(configuration: Configuration): Configured {
  const read = new Reading(configuration);
  const name = read.text("name");
  const tls = tlsOf(read);
  const addresses = addressesOf(read, tls);
  const { listenPeer, listenClient, advertisePeer } = addresses;
  if (!isLoopback(listenPeer) && tls.peers === null && !read.flag("insecure-peers")) {
    throw new BadConfiguration(
      `listen-peer-urls ${listenPeer} is open to other machines, and there is no TLS between peers: give ` +
        "peer-cert-file, peer-key-file and peer-trusted-ca-file (`quorate certs` makes them), listen on " +
        "127.0.0.1, or say --insecure-peers on a network that you trust",
    );
  }
  if (parseAddress(advertisePeer).port === 0) {
    throw new BadConfiguration(
      "a peer port of 0 takes any, which the other members cannot know: give initial-advertise-peer-urls, or a port",
    );
  }
  const existing = read.text("initial-cluster-state") === "existing";
  const named = read.optional("initial-cluster");
  const founders = named === null ? [{ name, address: advertisePeer }] : foundersIn(named, tls);
  const asked = read.optional("join");
  const others = founders.filter((founder) => founder.name !== name).map(({ address }) => address);
  const asks =
    asked === null ? [] : parseUrls(asked).map((url) => addressIn("join", url, tls.peers));
  const join = asked !== null ? asks : existing ? others : [];
  return {
    options: {
      name,
      dataDir: read.optional("data-dir") ?? `.quorate/${name}`,
      ...addresses,
      clientTls: tls.clients,
      peerTls: tls.peers,
      token: read.text("initial-cluster-token"),
      initialCluster: join.length > 0 ? [] : founders,
      foundersNamed: named !== null && !existing,
      join,
      // Only --join asks for a vote by itself; with the founders' list, as in etcd, somebody else promotes.
      learner: read.flag("learner") || asked === null,
      kernel: kernelOptions(read),
      gateway: gatewayOptions(read),
      segmentBytes: read.integer("journal-segment-bytes"),
      freeBytesMin: read.integer("journal-free-bytes"),
    },
    warnings: warningsOf(listenClient, listenPeer, tls),
  };
}

function addressesOf(
  read: Reading,
  tls: Tls,
): Pick<ServerOptions, "listenPeer" | "listenClient" | "advertisePeer" | "advertiseClients"> {
  const peer = (setting: "listen-peer-urls" | "initial-advertise-peer-urls"): string | null => {
    const text = read.optional(setting);
    return text === null ? null : addressIn(setting, parseListenUrl(text), tls.peers);
  };
  const clients = (setting: "listen-client-urls" | "advertise-client-urls"): readonly string[] =>
    parseUrls(read.optional(setting) ?? "").map((url) => addressIn(setting, url, tls.clients));
  const listenPeer = peer("listen-peer-urls") ?? "";
  const [listenClient = ""] = clients("listen-client-urls");
  const isTold = read.optional("advertise-client-urls") !== null;
  const scheme = tls.clients === null ? "http" : "https";
  return {
    listenPeer,
    listenClient,
    advertisePeer: peer("initial-advertise-peer-urls") ?? listenPeer,
    advertiseClients: (isTold ? clients("advertise-client-urls") : [listenClient]).map(
      (address) => `${scheme}://${address}`,
    ),
  };
}

const foundersIn = (text: string, tls: Tls): ServerOptions["initialCluster"] =>
  parseFounders(text).map((founder) => ({
    name: founder.name,
    address: addressIn("initial-cluster", founder, tls.peers),
  }));

function kernelOptions(read: Reading): Partial<KernelOptions> {
  const heartbeatTicks = read.integer("heartbeat-interval");
  const electionTicksMax = read.integer("election-timeout");
  const electionTicksMin = Math.floor(electionTicksMax / 2);
  if (electionTicksMax < HEARTBEATS_PER_ELECTION_MIN * heartbeatTicks) {
    throw new BadConfiguration(
      `${ELECTION_RULE}: it is ${electionTicksMax} ms, and heartbeat-interval is ${heartbeatTicks} ms`,
    );
  }
  return {
    raft: { ...DEFAULT_OPTIONS.raft, heartbeatTicks, electionTicksMin, electionTicksMax },
    paxos: { ...DEFAULT_OPTIONS.paxos, heartbeatTicks, electionTicksMin, electionTicksMax },
    zab: { ...DEFAULT_OPTIONS.zab, pingTicks: heartbeatTicks, syncLimitTicks: electionTicksMax },
    primary: { ...DEFAULT_OPTIONS.primary, heartbeatTicks, silenceTicks: electionTicksMin },
    chain: {
      ...DEFAULT_OPTIONS.chain,
      heartbeatTicks,
      silenceTicks: electionTicksMin,
      // `leaseTicks` is the same for all members, whatever they are started with: one counts on it, and another waits for it to end.
      shrinkTicks: electionTicksMax,
    },
    requestBytesMax: read.integer("max-request-bytes"),
    // The gateway holds clients to max-txn-ops. Machines take what any gateway may let in, or a member that was
    // started with a smaller bound would refuse an entry that the others apply.
    profiles: standardProfiles({
      quotaBytes: read.integer("quota-backend-bytes"),
      txnOpsMax: SETTINGS["max-txn-ops"].kind.max,
      leaseTtlSecondsMin: LEASE_TTL_SECONDS_MIN,
      leasesMax: LEASES_MAX,
      watchersMax: WATCHERS_MAX,
    }),
    tailEntriesMax: read.integer("snapshot-count"),
    tailBytesMax: read.integer("log-tail-bytes"),
    checkpointBytes: read.integer("checkpoint-bytes"),
  };
}

function gatewayOptions(read: Reading): GatewayOptions {
  const { etcd, admission, http2, http1, port } = GATEWAY_OPTIONS;
  const requestBytesMax = read.integer("max-request-bytes");
  const messageBytesMax = requestBytesMax + MESSAGE_OVERHEAD_BYTES;
  return {
    ...GATEWAY_OPTIONS,
    etcd: {
      ...etcd,
      requestTimeoutMs: read.integer("request-timeout"),
      electionTimeoutMs: read.integer("election-timeout"),
      requestBytesMax,
      txnOpsMax: read.integer("max-txn-ops"),
      watchBufferBytesMax: read.integer("watch-buffer-bytes"),
    },
    admission: {
      ...admission,
      limit: { ...admission.limit, targetMs: read.integer("queue-delay-target") },
    },
    http2: {
      ...http2,
      messageBytesMax,
      sessionsMax: read.integer("max-connections"),
      streamsPerSessionMax: read.integer("max-concurrent-streams"),
    },
    // Base64 makes four bytes of three.
    http1: { ...http1, objectBytesMax: Math.max(http1.objectBytesMax, 2 * messageBytesMax) },
    http2By: read.text("http2") === "node" ? "node" : "quorate",
    port: { ...port, connectionsMax: read.integer("max-connections") },
  };
}

function warningsOf(
  listenClient: string,
  listenPeer: string,
  { clients, peers }: Tls,
): readonly string[] {
  const warnings: string[] = [];
  if (!isLoopback(listenClient) && clients === null) {
    warnings.push(
      `the client port ${listenClient} is open to other machines without TLS or authentication: whoever reaches it ` +
        "can read and write all data",
    );
  }
  if (!isLoopback(listenClient) && clients !== null && clients.ca === null) {
    warnings.push(
      `the client port ${listenClient} is open to other machines and asks nobody for a certificate: whoever reaches ` +
        "it can read and write all data; give client-cert-auth and trusted-ca-file",
    );
  }
  if (!isLoopback(listenPeer) && peers === null) {
    warnings.push(
      `the peer port ${listenPeer} is open to other machines without TLS or authentication: whoever reaches it can ` +
        "forge members' messages",
    );
  }
  return warnings;
}
