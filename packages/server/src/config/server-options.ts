import {
  DEFAULT_OPTIONS,
  type NodeOptions as KernelOptions,
  standardProfiles,
} from "@quorate/kernel/replica";
import { GATEWAY_OPTIONS, type GatewayOptions } from "../gateway/index.ts";
import type { ServerOptions } from "../node/index.ts";
import { parseAddress } from "../transport/index.ts";
import { BadConfiguration, type Configuration } from "./load.ts";
import {
  ELECTION_RULE,
  HEARTBEATS_PER_ELECTION_MIN,
  SETTINGS,
  type SettingName,
} from "./settings.ts";
import { isLoopback, parseFounders, parseJoin, parseListenUrl, parseUrls } from "./values.ts";

/** What a configuration makes of a server, beside what only the process can give it. */
export interface Configured {
  readonly options: Omit<ServerOptions, "log" | "onHalt">;
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
  const listenPeer = parseListenUrl(read.text("listen-peer-urls"));
  const listenClient = parseListenUrl(read.text("listen-client-urls"));
  const advertisePeer = parseListenUrl(read.optional("initial-advertise-peer-urls") ?? listenPeer);
  const advertiseClients = parseUrls(read.optional("advertise-client-urls") ?? listenClient);
  if (!isLoopback(listenPeer) && !read.flag("insecure-peers")) {
    throw new BadConfiguration(
      `listen-peer-urls ${listenPeer} is open to other machines, and this release has no TLS between peers: ` +
        "listen on 127.0.0.1, or say --insecure-peers on a network that you trust",
    );
  }
  if (parseAddress(advertisePeer).port === 0) {
    throw new BadConfiguration(
      "a peer port of 0 takes any, which the other members cannot know: give initial-advertise-peer-urls, or a port",
    );
  }
  const existing = read.text("initial-cluster-state") === "existing";
  const named = read.optional("initial-cluster");
  const founders = named === null ? [{ name, address: advertisePeer }] : parseFounders(named);
  const asked = read.optional("join");
  const others = founders.filter((founder) => founder.name !== name).map(({ address }) => address);
  const join = asked !== null ? parseJoin(asked) : existing ? others : [];
  return {
    options: {
      name,
      dataDir: read.optional("data-dir") ?? `.quorate/${name}`,
      listenPeer,
      listenClient,
      advertisePeer,
      advertiseClients,
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
    warnings: warningsOf(listenClient, listenPeer),
  };
}

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
  const { etcd, http2, http1, port } = GATEWAY_OPTIONS;
  const requestBytesMax = read.integer("max-request-bytes");
  const messageBytesMax = requestBytesMax + MESSAGE_OVERHEAD_BYTES;
  return {
    etcd: {
      ...etcd,
      requestTimeoutMs: read.integer("request-timeout"),
      electionTimeoutMs: read.integer("election-timeout"),
      requestBytesMax,
      txnOpsMax: read.integer("max-txn-ops"),
      watchBufferBytesMax: read.integer("watch-buffer-bytes"),
    },
    http2: {
      ...http2,
      messageBytesMax,
      streamsPerSessionMax: read.integer("max-concurrent-streams"),
    },
    // Base64 makes four bytes of three.
    http1: { ...http1, objectBytesMax: Math.max(http1.objectBytesMax, 2 * messageBytesMax) },
    http2By: read.text("http2") === "node" ? "node" : "quorate",
    port: { ...port, connectionsMax: read.integer("max-connections") },
  };
}

function warningsOf(listenClient: string, listenPeer: string): readonly string[] {
  const open = "is open to other machines without TLS or authentication: whoever reaches it";
  const warnings: string[] = [];
  if (!isLoopback(listenClient))
    warnings.push(`the client port ${listenClient} ${open} can read and write all data`);
  if (!isLoopback(listenPeer))
    warnings.push(`the peer port ${listenPeer} ${open} can forge members' messages`);
  return warnings;
}

/** The values have been checked by the schema: these say of which type each is. */
class Reading {
  readonly #configuration: Configuration;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  text(name: SettingName): string {
    return String(this.#configuration[name].value);
  }

  optional(name: SettingName): string | null {
    const { value } = this.#configuration[name];
    return value === null ? null : String(value);
  }

  integer(name: SettingName): number {
    return Number(this.#configuration[name].value);
  }

  flag(name: SettingName): boolean {
    return this.#configuration[name].value === true;
  }
}
