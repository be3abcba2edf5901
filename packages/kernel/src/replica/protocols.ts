import type { AnyLogProtocol } from "../core/index.ts";
import { paxos } from "../protocols/paxos/index.ts";
import { type PrimarySettings, primary } from "../protocols/primary/index.ts";
import { raft } from "../protocols/raft/index.ts";
import { zab } from "../protocols/zab/index.ts";
import type { NodeOptions } from "./options.ts";

/** Who orders the writes of a keyspace. */
export type ProtocolName =
  | "raft"
  | "paxos"
  | "zab"
  | "synchronous"
  | "semi-synchronous"
  | "asynchronous"
  | "write-all";

export type Protocols = Readonly<Record<ProtocolName, AnyLogProtocol>>;

type Choice = Pick<PrimarySettings, "acks" | "shrinkTicks" | "inSyncMin" | "reads">;

/** Every write at all that are in step; whoever is missing is declared out of step first (card 2, shrink). */
const SYNCHRONOUS: Choice = { acks: "all", shrinkTicks: 1000, inSyncMin: 2, reads: "primary" };
/** Every write at one secondary; with none in reach for ten seconds it falls to asynchronous (card 2, degrade). */
const SEMI_SYNCHRONOUS: Choice = { acks: 1, shrinkTicks: 10_000, inSyncMin: 1, reads: "primary" };
/** Every write at the primary's own disk (card 1). */
const ASYNCHRONOUS: Choice = { acks: 0, shrinkTicks: null, inSyncMin: 1, reads: "primary" };
/** Every write at every replica, however long that takes; any of them answers a read (card 3). */
const WRITE_ALL: Choice = { acks: "all", shrinkTicks: null, inSyncMin: 1, reads: "any" };

/** The protocols of this release, one instance for all groups of a node: an instance holds settings alone. */
export const protocolsOf = (options: NodeOptions): Protocols => ({
  raft: raft(options.raft),
  paxos: paxos(options.paxos),
  zab: zab(options.zab),
  synchronous: primary({ ...options.primary, ...SYNCHRONOUS }),
  "semi-synchronous": primary({ ...options.primary, ...SEMI_SYNCHRONOUS }),
  asynchronous: primary({ ...options.primary, ...ASYNCHRONOUS }),
  "write-all": primary({ ...options.primary, ...WRITE_ALL }),
});
