import { type AnyLogProtocol, unreachable } from "../core/index.ts";
import { chain } from "../protocols/chain/index.ts";
import { paxos } from "../protocols/paxos/index.ts";
import { type PrimarySettings, primary } from "../protocols/primary/index.ts";
import { raft } from "../protocols/raft/index.ts";
import { zab } from "../protocols/zab/index.ts";
import type { NodeOptions } from "./options.ts";
import type { Profile } from "./profiles.ts";

/** Who orders the writes of a keyspace. */
export type ProtocolName =
  | "raft"
  | "paxos"
  | "zab"
  | "synchronous"
  | "semi-synchronous"
  | "quorum"
  | "asynchronous"
  | "write-all"
  | "chain"
  | "craq";

type Choice = Pick<PrimarySettings, "acks" | "shrinkTicks" | "inSyncMin" | "reads">;

/** Every write at all that are in step; whoever is missing is declared out of step first (card 2, shrink). */
const SYNCHRONOUS: Choice = { acks: "all", shrinkTicks: 1000, inSyncMin: 2, reads: "primary" };
/** Every write at one secondary; with none in reach for ten seconds it falls to asynchronous (card 2, degrade). */
const SEMI_SYNCHRONOUS: Choice = { acks: 1, shrinkTicks: 10_000, inSyncMin: 1, reads: "primary" };
/** Every write at a majority, or at as many as were chosen, whoever they are: nobody is declared out of step (card 5). */
const QUORUM: Choice = { acks: "majority", shrinkTicks: null, inSyncMin: 1, reads: "primary" };
/** Every write at the primary's own disk (card 1). */
const ASYNCHRONOUS: Choice = { acks: 0, shrinkTicks: null, inSyncMin: 1, reads: "primary" };
/** Every write at every replica, however long that takes; any of them answers a read (card 3). */
const WRITE_ALL: Choice = { acks: "all", shrinkTicks: null, inSyncMin: 1, reads: "any" };

/** Makes the protocol of a profile. An instance holds settings alone. */
export function protocolOf(options: NodeOptions, profile: Profile): AnyLogProtocol {
  // Where a write waits for secondaries they are sent it at once.
  const pushed = { ...options.primary, pullTicks: null };
  switch (profile.protocol) {
    case "raft":
      return raft({ ...options.raft, leaseReads: profile.leased || options.raft.leaseReads });
    case "paxos":
      return paxos({ ...options.paxos, leaseReads: profile.leased || options.paxos.leaseReads });
    case "zab":
      return zab(options.zab);
    case "synchronous":
      return primary({
        ...pushed,
        ...SYNCHRONOUS,
        reads: profile.leased || options.primary.reads === "leased" ? "leased" : "primary",
      });
    case "semi-synchronous":
      return primary({
        ...pushed,
        ...SEMI_SYNCHRONOUS,
        acks: profile.sync ?? SEMI_SYNCHRONOUS.acks,
      });
    case "quorum":
      return primary({ ...pushed, ...QUORUM, acks: profile.sync ?? QUORUM.acks });
    case "asynchronous":
      return primary({
        ...options.primary,
        ...ASYNCHRONOUS,
        ...(profile.pull !== null && { pullTicks: profile.pull }),
      });
    case "write-all":
      return primary({ ...pushed, ...WRITE_ALL });
    case "chain":
      return chain({ ...options.chain, reads: "tail" });
    case "craq":
      return chain({ ...options.chain, reads: "any" });
    default:
      return unreachable(profile.protocol);
  }
}
