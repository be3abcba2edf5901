import type { KeyspaceStatus, MemberStatus } from "@quorate/kernel/replica";

/**
 * Where a member serves an exposed keyspace: on the port that was asked for, or, where several members share a host, as far above it as
 * the member's client port lies above the least of that host's. So members on one machine do not fight for one port, and all know
 * the ports of all without a word. Null for a member that serves no clients yet, or holds no replica.
 */
export function exposedAddress(
  { exposed, replicas }: KeyspaceStatus,
  member: MemberStatus,
  members: readonly MemberStatus[],
): { readonly host: string; readonly port: number } | null {
  const own = clientAddress(member);
  if (exposed === null || own === null) return null;
  if (replicas !== null && !replicas.includes(member.node)) return null;
  const neighbours = members
    .map(clientAddress)
    .flatMap((address) => (address?.host === own.host ? [address.port] : []));
  const port = exposed + own.port - Math.min(...neighbours);
  return port > 65_535 ? null : { host: own.host, port };
}

function clientAddress({
  clientAddresses: [first],
}: MemberStatus): { readonly host: string; readonly port: number } | null {
  const match = /^(?:[a-z]+:\/\/)?(.+):(\d{1,5})$/.exec(first ?? "");
  return match === null ? null : { host: match[1] ?? "", port: Number(match[2]) };
}
