import type {
  AnyLogProtocol,
  Effect,
  GroupId,
  JournalSeq,
  KeyspaceId,
  LogIndex,
  LogState,
  Machine,
} from "../core/index.ts";
import type { Profile } from "./profiles.ts";
import type { Sessions } from "./sessions.ts";

/** What a replica is made of when it is born or recovered. */
export interface ReplicaParts {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly profileName: string;
  readonly profile: Profile;
  readonly protocol: AnyLogProtocol;
  readonly state: LogState;
  readonly machine: Machine;
  readonly sessions: Sessions;
  readonly at: LogIndex;
  readonly time: number;
  readonly leasedTicks: number;
  /** Records up to here are not needed to recover this replica. */
  readonly covers: JournalSeq;
  /** The records of earlier lives that are still needed, and where the entries of each end. */
  readonly records: readonly { readonly seq: JournalSeq; readonly lastIndex: LogIndex }[];
  /** What the protocol asked for when it started. */
  readonly recovery: readonly Effect<unknown>[];
}
