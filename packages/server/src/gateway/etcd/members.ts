import { type NodeId, nodeId } from "@quorate/kernel/core";
import type { MemberStatus } from "@quorate/kernel/replica";
import type { Member } from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";
import type { EtcdContext } from "./context.ts";

type MemberMessage = MessageOf<typeof Member>;

/** The members as this node knows them, in etcd's form, by id. */
export function membersOf({ port, options }: EtcdContext): readonly MemberMessage[] {
  const members = [...port.status().members].sort((a, b) => (a.node < b.node ? -1 : 1));
  return members.map((member) => memberMessage(member, options.peerScheme));
}

function memberMessage(member: MemberStatus, peerScheme: string): MemberMessage {
  return {
    ID: member.node,
    name: member.name,
    peerURLs: member.peerAddress === "" ? [] : [urlOf(peerScheme, member.peerAddress)],
    clientURLs: member.clientAddresses.map((address) => urlOf("http", address)),
    isLearner: member.learner,
  };
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
