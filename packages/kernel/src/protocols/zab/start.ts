import {
  foundOnDisk,
  type GroupConfig,
  Log,
  type LogIndex,
  Malformed,
  membersOf,
  NO_POSITION,
  type NodeId,
  type Now,
  PerMember,
  type Position,
  type Recovered,
  rejoin,
  type Ticks,
} from "../../core/index.ts";
import type { Epoch } from "./message.ts";
import { decodeRecord, type HardState } from "./record.ts";
import type { ZabSettings } from "./settings.ts";
import type { Heard, ZabState, ZabStep } from "./state.ts";

/**
 * A replica from what its disk kept, looking for a leader from its first wake on. The history is delivered up to the
 * commit index that was last written: what was served before the crash is served again, never less (contracts, Restart).
 *
 * Null where the records contradict each other or leave a gap: then something that was durable is gone, and the group
 * must be repaired from its peers.
 */
export function start(
  settings: ZabSettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  seed: bigint,
  now: Now,
): ZabStep | null {
  const kept = replay(recovered);
  if (kept === null) return null;
  const { hardState, log, applied } = kept;
  const { acceptedEpoch, acceptedFrom, currentEpoch, repairing } = hardState;
  const commitIndex = Math.max(hardState.commitIndex, applied.index) as LogIndex;
  if (commitIndex > log.lastIndex) return null;
  const members = recovered.checkpoint?.config ?? config;
  const others = membersOf(members).filter((member) => member !== self);
  const state: ZabState = {
    protocol: "zab",
    term: acceptedEpoch,
    acceptedEpoch,
    acceptedFrom,
    currentEpoch,
    log,
    commitIndex,
    repairing,
    self,
    settings,
    role: {
      type: "Looking",
      vote: null,
      heard: PerMember.of<Heard | null>(others, () => null),
      notifyAt: now.ticks,
      notBefore: now.ticks,
      settleAt: null,
    },
    configs: [{ index: applied.index, config: members }],
    lastApplied: applied.index,
    ...foundOnDisk(log.lastIndex),
    standAgainAt: 0 as Ticks,
    // Another count in every life: a late answer to a question of an earlier one must not serve a reader of this.
    reads: { waiting: [], asked: [], questions: firstQuestion(seed) },
    installing: null,
    repairMark: Number(BigInt.asUintN(52, seed)) + 1,
  };
  const entries = log.slice(applied.index, commitIndex);
  return [state, entries.length === 0 ? [] : [{ type: "Commit", entries }]];
}

interface Kept {
  readonly hardState: HardState;
  readonly log: Log;
  readonly applied: Position;
}

function replay({ checkpoint, records }: Recovered): Kept | null {
  const applied = checkpoint?.at ?? NO_POSITION;
  const meta = checkpoint?.meta ?? null;
  let hardState = meta === null ? FRESH : hardStateIn(meta);
  let log = Log.startingAt(applied);
  let begun = false;
  for (const bytes of records) {
    const record = decodeRecord(bytes);
    if (record.type === "Installed") {
      // The checkpoint of an installed snapshot is durable before this record: an older machine cannot join it.
      if (record.at.index > applied.index) return null;
      if (record.at.index === applied.index) {
        log = Log.startingAt(applied);
        begun = true;
      }
    } else if (record.type === "Append") {
      const joined = rejoin(log, begun, record.prev, record.entries, applied);
      if (joined === null) return null;
      log = joined;
      begun = true;
    }
    hardState = record.hardState;
  }
  // The machine may be ahead of the history on disk: a proposal is delivered once others hold it, before our own record
  // of it is durable. What the machine holds is committed; a history that ends before it or contradicts it begins anew.
  const joins = log.epochAt(applied.index) === applied.epoch;
  return { hardState, log: joins ? log : Log.startingAt(applied), applied };
}

/** The seed differs in every life; a life asks fewer than 2^20 questions before a late answer could still arrive. */
const firstQuestion = (seed: bigint): number =>
  Number(BigInt.asUintN(31, seed ^ (seed >> 33n))) * 2 ** 20;

const FRESH: HardState = {
  acceptedEpoch: 0 as Epoch,
  acceptedFrom: null,
  currentEpoch: 0 as Epoch,
  commitIndex: 0 as LogIndex,
  repairing: false,
};

function hardStateIn(meta: Uint8Array): HardState {
  const record = decodeRecord(meta);
  if (record.type !== "HardState") throw new Malformed("a checkpoint of ZAB carries a hard state");
  return record.hardState;
}
