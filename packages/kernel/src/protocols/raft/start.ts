import {
  type ConfigAt,
  foundOnDisk,
  type GroupConfig,
  Log,
  type LogIndex,
  Malformed,
  NO_POSITION,
  NO_READS,
  type NodeId,
  type Now,
  type Position,
  type Recovered,
  rejoin,
  seeded,
} from "../../core/index.ts";
import { configsIn } from "./log-writes.ts";
import { type Term, term } from "./message.ts";
import { decodeRecord, type HardState } from "./record.ts";
import type { RaftSettings } from "./settings.ts";
import { type RaftState, type RaftStep, resetElectionTimer } from "./state.ts";

/**
 * A replica from what its disk kept. The log is replayed up to the commit index that was last written: what was
 * served before the crash is served again, never less (contracts, Restart).
 *
 * Null where the records contradict each other or leave a gap: then something that was durable is gone, and the group
 * must be repaired from its peers.
 */
export function start(
  settings: RaftSettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  seed: bigint,
  now: Now,
): RaftStep | null {
  const kept = replay(recovered, config);
  if (kept === null) return null;
  const { hardState, log, applied, configs } = kept;
  const commitIndex = Math.max(hardState.commitIndex, applied.index) as LogIndex;
  if (commitIndex > log.lastIndex) return null;
  const state: RaftState = {
    protocol: "raft",
    term: hardState.term,
    votedFor: hardState.votedFor,
    log,
    commitIndex,
    repairing: hardState.repairing,
    blind: hardState.blind,
    self,
    settings,
    random: seeded(seed),
    role: { type: "Follower", leader: null },
    configs,
    handedOut: commitIndex,
    lastApplied: applied.index,
    ...foundOnDisk(log.lastIndex),
    // It may have acknowledged a heartbeat just before it crashed: its leader's lease stands on its not voting for so long.
    heardFromLeaderAt: settings.leaseReads && hardState.term > 0 ? now.ticks : null,
    electionAt: null,
    // Another count in every life: a late answer to a question of an earlier one must not confirm a reader of this.
    reads: { ...NO_READS, questions: firstQuestion(seed) },
    installing: null,
  };
  const entries = log.slice(applied.index, commitIndex);
  return [
    resetElectionTimer(state, now.ticks),
    entries.length === 0 ? [] : [{ type: "Commit", entries }],
  ];
}

interface Kept {
  readonly hardState: HardState;
  readonly log: Log;
  readonly applied: Position;
  readonly configs: readonly ConfigAt[];
}

function replay({ checkpoint, records }: Recovered, initial: GroupConfig): Kept | null {
  const applied = checkpoint?.at ?? NO_POSITION;
  let kept: Kept & { readonly log: Log; readonly begun: boolean } = {
    hardState:
      checkpoint === null || checkpoint.meta === null ? fresh() : hardStateIn(checkpoint.meta),
    log: Log.startingAt(applied),
    applied,
    configs: [{ index: applied.index, config: checkpoint?.config ?? initial }],
    begun: false,
  };
  for (const bytes of records) {
    const record = decodeRecord(bytes);
    if (record.type === "Installed") {
      // The checkpoint of an installed snapshot is durable before this record: an older machine cannot join it.
      if (record.at.index > applied.index) return null;
      if (record.at.index === applied.index)
        kept = { ...kept, log: Log.startingAt(applied), begun: true };
    } else if (record.type === "Append") {
      const log = rejoin(kept.log, kept.begun, record.prev, record.entries, applied);
      if (log === null) return null;
      const known = kept.configs.filter(
        ({ index }) => index <= Math.max(record.prev.index, applied.index),
      );
      const added = configsIn(record.entries).filter(({ index }) => index > applied.index);
      kept = { ...kept, log, begun: true, configs: [...known, ...added] };
    }
    kept = { ...kept, hardState: record.hardState };
  }
  // The machine may be ahead of the log on disk: an entry is applied once others hold it, before our own record of it
  // is durable. What the machine holds is committed; a log that ends before it or contradicts it there begins anew.
  const joins = kept.log.epochAt(applied.index) === applied.epoch;
  return joins
    ? kept
    : { ...kept, log: Log.startingAt(applied), configs: kept.configs.slice(0, 1) };
}

/** The seed differs in every life; a life asks fewer than 2^20 questions before a late answer could still arrive. */
const firstQuestion = (seed: bigint): number =>
  Number(BigInt.asUintN(31, seed ^ (seed >> 33n))) * 2 ** 20;

const fresh = (): HardState => ({
  term: term(0),
  votedFor: null,
  commitIndex: 0 as LogIndex,
  repairing: false,
  blind: false,
});

function hardStateIn(meta: Uint8Array): HardState {
  const record = decodeRecord(meta);
  if (record.type !== "HardState") throw new Malformed("a checkpoint of Raft carries a hard state");
  return { ...record.hardState, term: record.hardState.term as Term };
}
