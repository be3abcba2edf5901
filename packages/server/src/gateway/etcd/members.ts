import { DEFAULT_KEYSPACE, type NodeId, nodeId } from "@quorate/kernel/core";
import type { KeyspaceStatus, MemberStatus } from "@quorate/kernel/replica";
import type { Member } from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";
import type { EtcdContext } from "./context.ts";
import { exposedAddress } from "./exposed.ts";

type MemberMessage = MessageOf<typeof Member>;

/**
 * The members as this node knows them, in etcd's form, by id. On the port of a keyspace they are told with its ports: a client that goes
 * on with the addresses that it is given must not come to another keyspace.
 */
export function membersOf({ port, keyspace, options }: EtcdContext): readonly MemberMessage[] {
  const { members, keyspaces } = port.status();
  const own =
    keyspace === DEFAULT_KEYSPACE ? null : keyspaces.find((one) => one.keyspace === keyspace);
  return [...members]
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map((member) => ({
      ID: member.node,
      name: member.name,
      peerURLs: member.peerAddress === "" ? [] : [urlOf(options.peerScheme, member.peerAddress)],
      clientURLs: own == null ? clientUrls(member) : exposedUrls(own, member, members),
      isLearner: member.learner,
    }));
}

const clientUrls = ({ clientAddresses }: MemberStatus): readonly string[] =>
  clientAddresses.map((address) => urlOf("http", address));

function exposedUrls(
  keyspace: KeyspaceStatus,
  member: MemberStatus,
  members: readonly MemberStatus[],
): readonly string[] {
  const address = exposedAddress(keyspace, member, members);
  if (address === null) return [];
  const scheme = /^[a-z]+(?=:\/\/)/.exec(member.clientAddresses[0] ?? "")?.[0] ?? "http";
  return [urlOf(scheme, `${address.host}:${address.port}`)];
}

/** Members advertise `host:port`; etcd's clients expect URLs. */
const urlOf = (scheme: string, address: string): string =>
  address.includes("://") ? address : `${scheme}://${address}`;

/** A member id of the API, which has 64 bits, as a node's, which has 63; null for one that no node can have. */
export const memberId = (id: bigint): NodeId | null => (id < 1n << 63n ? nodeId(id) : null);

const SCHEMES: readonly string[] = ["http:", "https:", "unix:", "unixs:"];

/** etcd's rule for member URLs: at least one, a known scheme, a host with a port, and no path. */
export function areMemberUrls(urls: readonly string[]): boolean {
  return urls.length > 0 && urls.every(isMemberUrl);
}

function isMemberUrl(text: string): boolean {
  const match = /^([a-z]+:)\/\/([^/?#@]+)$/i.exec(text);
  if (match === null || !SCHEMES.includes((match[1] ?? "").toLowerCase())) return false;
  const port = /^(?:\[[0-9a-f:.%]+\]|[^:[\]]+):(\d{1,5})$/i.exec(match[2] ?? "");
  return port !== null && Number(port[1]) <= 65_535;
}
