import type { AnyLogProtocol } from "../core/index.ts";
import { paxos } from "../protocols/paxos/index.ts";
import { raft } from "../protocols/raft/index.ts";
import { zab } from "../protocols/zab/index.ts";
import type { NodeOptions } from "./options.ts";

/** Who orders the writes of a keyspace. */
export type ProtocolName = "raft" | "paxos" | "zab";

export type Protocols = Readonly<Record<ProtocolName, AnyLogProtocol>>;

/** The protocols of this release, one instance for all groups of a node: an instance holds settings alone. */
export const protocolsOf = (options: NodeOptions): Protocols => ({
  raft: raft(options.raft),
  paxos: paxos(options.paxos),
  zab: zab(options.zab),
});
