import { setTimeout } from "node:timers/promises";
import type { ClusterId, NodeId } from "@quorate/kernel/core";
import type { Bootstrap } from "@quorate/kernel/replica";
import { type NodeFile, random63, readNodeFile } from "../host/index.ts";
import { JoinFailed, type PeerTls, requestJoin } from "../transport/index.ts";
import { bindable } from "./address.ts";
import { type Founding, foundingOf } from "./bootstrap.ts";
import { FOUNDER_NONCE, NOT_YET, STARTED_BEFORE } from "./door.ts";
import type { ServerOptions } from "./start.ts";

/** The node must not start with these settings on this directory; the text says why and what to do. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}

/** Who this node is and whom it listens to first. `identity` is null where the data directory knows. */
export interface Origin {
  readonly identity: {
    readonly cluster: ClusterId;
    readonly node: NodeId;
    readonly name: string;
  } | null;
  readonly bootstrap: Bootstrap;
}

/** A member is asked for so long, and again after a pause. */
const JOIN_WAIT_MILLIS = 5000;
const JOIN_AGAIN_MILLIS = 500;
const JOIN_ROUNDS_MAX = 120;

/**
 * Known from its directory, a founder by its settings, or let in by a member. Throws `StartRefused`, `JoinFailed` or
 * `AddressUnusable`: a new node's ports are tried first, because a start that fails is to leave no directory and no
 * member behind.
 */
export async function originOf(options: ServerOptions, tls: PeerTls | null): Promise<Origin> {
  const known = readNodeFile(options.dataDir);
  if (known !== null) return returning(known, options);
  await bindable(options.listenPeer, options.listenClient);
  if (options.join.length > 0) return joined(options, tls);
  return founding(options, tls);
}

/** A used directory wins over the settings, but settings that speak of another cluster or node are a mix-up. */
function returning(
  known: NodeFile,
  { dataDir, name, token, initialCluster, foundersNamed }: ServerOptions,
): Origin {
  const { cluster, founders } = foundingOf(token, initialCluster);
  if (foundersNamed && known.cluster !== cluster) {
    throw new StartRefused(
      `${dataDir} belongs to node ${known.node} of cluster ${known.cluster}, but --initial-cluster and ` +
        `--initial-cluster-token found cluster ${cluster}: choose another --data-dir for ${name}, or leave ` +
        "--initial-cluster out, because a node that was started before knows its cluster",
    );
  }
  if (known.name !== undefined && known.name !== name) {
    throw new StartRefused(
      `${dataDir} belongs to node ${known.node}, which is called ${known.name}, but --name says ${name}: start it ` +
        `with --name ${known.name}, or choose another --data-dir for ${name}`,
    );
  }
  return { identity: null, bootstrap: { founders } };
}

async function founding(options: ServerOptions, tls: PeerTls | null): Promise<Origin> {
  const { name, token, initialCluster, advertisePeer } = options;
  const founded = foundingOf(token, initialCluster);
  const self = founded.founders.find((founder) => founder.name === name);
  if (self === undefined) {
    const names = initialCluster.map((founder) => founder.name).join(", ");
    throw new StartRefused(
      `this node is called ${name}, but --initial-cluster names ${names}: add it, or correct --name`,
    );
  }
  if (self.peerAddress !== advertisePeer) {
    throw new StartRefused(
      `--initial-cluster says that ${name} is reached at ${self.peerAddress}, but ` +
        `--initial-advertise-peer-urls says ${advertisePeer}: they must agree`,
    );
  }
  await refuseSecondLife(options, founded, self.node, tls);
  const { cluster, founders } = founded;
  return { identity: { cluster, node: self.node, name }, bootstrap: { founders } };
}

/**
 * A founder that lost its data directory must not begin again under its old id: it has forgotten its votes and
 * entries, and the others would count it as if it had not. Whoever of the other founders can be asked is asked.
 * Those that cannot are taken to be as new as this node, or no cluster could ever begin.
 */
async function refuseSecondLife(
  options: ServerOptions,
  founded: Founding,
  self: NodeId,
  tls: PeerTls | null,
): Promise<void> {
  const { name, advertisePeer: peerAddress, dataDir, log } = options;
  const request = { nonce: FOUNDER_NONCE, name, peerAddress, clientAddresses: [] };
  const others = founded.founders.filter(({ node }) => node !== self);
  for (let round = 0; round < JOIN_ROUNDS_MAX; round++) {
    const answers = await Promise.all(
      others.map(({ peerAddress: address }) => ask(address, request, tls)),
    );
    for (const answer of answers) {
      if (typeof answer !== "string") {
        if (answer.cluster === founded.cluster) return;
        throw new StartRefused(
          `a founder named by --initial-cluster answers for cluster ${answer.cluster}, this one would be ` +
            `cluster ${founded.cluster}: all must have the same --initial-cluster and --initial-cluster-token`,
        );
      }
      if (answer.includes(STARTED_BEFORE)) {
        throw new StartRefused(
          `node ${self} (${name}) was started before with another data directory than ${dataDir}: bring that ` +
            "one back, or `quorate member remove` it, empty the directory and start with --join",
        );
      }
    }
    if (!answers.some((answer) => typeof answer === "string" && answer.includes(NOT_YET))) return;
    log.info(
      { others: others.length },
      "the cluster has begun and has no leader yet: asking again",
    );
    await pause(options);
  }
  throw new StartRefused(
    "the other founders have begun and have no leader, so it cannot be known whether this node is new: " +
      "start the ones that are missing, or bring this node's data directory back",
  );
}

async function ask(
  address: string,
  request: Parameters<typeof requestJoin>[1],
  tls: PeerTls | null,
): Promise<Awaited<ReturnType<typeof requestJoin>> | string> {
  try {
    return await requestJoin(address, request, tls, JOIN_WAIT_MILLIS);
  } catch (error) {
    if (error instanceof JoinFailed) return error.message;
    throw error;
  }
}

/** Asks one member after another. To ask twice is harmless: the address tells who asks. */
async function joined(options: ServerOptions, tls: PeerTls | null): Promise<Origin> {
  const {
    name,
    join,
    advertisePeer: peerAddress,
    advertiseClients: clientAddresses,
    log,
  } = options;
  const request = { nonce: random63(), name, peerAddress, clientAddresses };
  let last = "";
  for (let round = 0; round < JOIN_ROUNDS_MAX; round++) {
    for (const address of join) {
      const answer = await ask(address, request, tls);
      if (typeof answer !== "string") {
        const { cluster, node, members } = answer;
        log.info({ cluster: String(cluster), node: String(node) }, "joined the cluster");
        const others = members.filter((member) => member.node !== node);
        const founders = others.map((member) => ({
          ...member,
          name: "",
          peerAddress: member.address,
        }));
        return { identity: { cluster, node, name }, bootstrap: { founders } };
      }
      if (answer.includes(ADDRESS_TAKEN)) {
        throw new StartRefused(
          `a member at ${peerAddress} was started before: bring its data directory back, or ` +
            "`quorate member remove` it before this node joins in its place",
        );
      }
      if (answer !== last) log.warn({ address, why: answer }, "not let in yet: asking again");
      last = answer;
    }
    await pause(options);
  }
  throw new JoinFailed(last);
}

/** What group 0 answers to an address that belongs to a started member. */
const ADDRESS_TAKEN = "Peer URLs already exists";

/** Rejects where `signal` is aborted, before or meanwhile. */
const pause = ({ signal }: ServerOptions): Promise<void> =>
  setTimeout(JOIN_AGAIN_MILLIS, undefined, signal === undefined ? {} : { signal });
