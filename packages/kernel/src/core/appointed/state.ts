import type { LogIndex, NodeId, RequestId, Ticks } from "../ids.ts";
import type { LogState } from "../log-protocol.ts";
import type { Office, Petition } from "../office.ts";
import type { OnDisk } from "../on-disk.ts";
import type { Position } from "../seam.ts";
import type { Reads } from "./reads.ts";
import type { AppointedSettings } from "./settings.ts";

/**
 * What a replica knows in every protocol whose leader is appointed (decision 0014). `term` is the highest epoch it has seen; with the log
 * and `repairing` it survives a crash.
 */
export interface AppointedState extends LogState, OnDisk {
  readonly settings: AppointedSettings;
  readonly role: Leading | Following;
  /** The office as group 0 last said it is; null before it said anything. */
  readonly office: Office | null;
  /** As the leader this replica may act so long; null: not yet. */
  readonly until: Ticks | null;
  /** It was the leader and might act when it was last asked. */
  readonly able: boolean;
  /** The epoch on the disk when this life began, and when that was. */
  readonly bornIn: number;
  readonly bornAt: Ticks;
  /** Not null: what is committed here is not what its leader has. It serves nobody before a snapshot has replaced it. */
  readonly fork: unknown;
  /** Entries up to here were handed out for applying. */
  readonly handedOut: LogIndex;
  /** Its disk has not written for so long that it is fit for no office. */
  readonly hung: boolean;
  readonly reads: Reads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

export interface Following {
  readonly type: "Follower";
  /** Who was heard as the leader of this epoch lately. */
  readonly leader: NodeId | null;
  readonly heardAt: Ticks;
}

export interface Leading {
  readonly type: "Leader";
  /** The first entry of this epoch. */
  readonly base: LogIndex;
  readonly heartbeatAt: Ticks;
  /**
   * What group 0 was last asked for, of the office of which version, and when. Until another version is heard of it may be granted
   * already; nothing else is asked of the same version but to be released.
   */
  readonly petitioned: Petitioned | null;
  readonly handOver: HandOver | null;
}

export interface Petitioned {
  readonly version: number;
  readonly at: Ticks;
  readonly petition: Petition;
}

/** Takes no more writes, waits until `to` has all, and gives the office away. */
export interface HandOver {
  /** Null: to whoever comes to be in step. */
  readonly to: NodeId | null;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  /** It has been given away: from then on nothing is done in it, whether or not group 0 has heard. */
  readonly resigned: boolean;
}

/** May this replica, the leader of its epoch, take, grant or show anything now? */
export function mayAct({ role, until, settings }: AppointedState, now: Ticks): boolean {
  if (role.type !== "Leader" || role.handOver?.resigned === true) return false;
  return !settings.rules.actWithinTenure || (until !== null && now < until);
}
