import { type NodeId, nodeId } from "@quorate/kernel/core";
import type { MemberStatus } from "@quorate/kernel/replica";
import type { NodePort } from "../../host/index.ts";
import type { Member } from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";

type MemberMessage = MessageOf<typeof Member>;

/** The members as this node knows them, in etcd's form, by id. */
export function membersOf(port: NodePort): readonly MemberMessage[] {
  const members = [...port.status().members].sort((a, b) => (a.node < b.node ? -1 : 1));
  return members.map(memberMessage);
}

function memberMessage(member: MemberStatus): MemberMessage {
  return {
    ID: member.node,
    name: member.name,
    peerURLs: member.peerAddress === "" ? [] : [urlOf(member.peerAddress)],
    clientURLs: member.clientAddresses.map(urlOf),
    isLearner: member.learner,
  };
}

/** Members advertise `host:port`; etcd's clients expect URLs. */
const urlOf = (address: string): string =>
  address.includes("://") ? address : `http://${address}`;

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
