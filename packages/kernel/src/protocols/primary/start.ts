import {
  type ConfigAt,
  foundOnDisk,
  type GroupConfig,
  Log,
  type LogIndex,
  Malformed,
  NO_POSITION,
  type NodeId,
  type Now,
  type Position,
  type Recovered,
  rejoin,
} from "../../core/index.ts";
import { decodeRecord, type HardState } from "./record.ts";
import type { PrimarySettings } from "./settings.ts";
import { type PrimaryState, type PrimaryStep, persistHardState } from "./state.ts";

/**
 * A replica from what its disk kept, up to the commit index that was last written: what was served before the crash is served again.
 * Null where the records contradict each other or leave a gap: then something that was durable is gone.
 */
export function start(
  settings: PrimarySettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  now: Now,
): PrimaryStep | null {
  const kept = replay(recovered, config);
  if (kept === null) return null;
  const { hardState, log, applied, configs } = kept;
  const commitIndex = Math.max(hardState.commitIndex, applied.index) as LogIndex;
  if (commitIndex > log.lastIndex) return null;
  const state: PrimaryState = {
    protocol: "primary",
    self,
    settings,
    term: hardState.epoch,
    bornIn: hardState.epoch,
    repairing: hardState.repairing,
    fork: null,
    log,
    configs,
    commitIndex,
    handedOut: commitIndex,
    lastApplied: applied.index,
    role: { type: "Secondary", primary: null, heardAt: now.ticks, joined: false },
    office: null,
    until: null,
    hung: false,
    able: false,
    ...foundOnDisk(log.lastIndex),
    reads: { waiting: [], questions: 0 },
    installing: null,
    parted: null,
  };
  const entries = log.slice(applied.index, commitIndex);
  return [state, entries.length === 0 ? [] : [{ type: "Commit", entries }]];
}

/**
 * A replica that lost durable records has forgotten what it acknowledged. It begins again, empty: its primary makes it whole by a
 * snapshot, and until then it acknowledges nothing and is appointed to nothing.
 */
export function startRepairing(
  settings: PrimarySettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  now: Now,
): PrimaryStep {
  let highest = 0;
  for (const bytes of readable) highest = Math.max(highest, decodeRecord(bytes).hardState.epoch);
  const begun = start(settings, self, config, { checkpoint: null, records: [] }, now);
  if (begun === null) throw new RangeError("an empty replica always starts");
  return persistHardState(
    { ...begun[0], term: highest, bornIn: highest, repairing: true },
    now.ticks,
  );
}

interface Kept {
  readonly hardState: HardState;
  readonly log: Log;
  readonly applied: Position;
  readonly configs: readonly ConfigAt[];
}

function replay({ checkpoint, records }: Recovered, initial: GroupConfig): Kept | null {
  const applied = checkpoint?.at ?? NO_POSITION;
  const config = checkpoint?.config ?? initial;
  let hardState = checkpoint?.meta == null ? FRESH : hardStateIn(checkpoint.meta);
  let log = Log.startingAt(applied);
  let begun = false;
  for (const bytes of records) {
    const record = decodeRecord(bytes);
    hardState = record.hardState;
    if (record.type === "Installed") {
      // The checkpoint of an installed snapshot is durable before this record; a later one may have taken its place.
      if (record.at.index > applied.index) return null;
      log = Log.startingAt(applied);
      begun = true;
    } else if (record.type === "Append") {
      const joined = rejoin(log, begun, record.prev, record.entries, applied);
      if (joined === null) return null;
      log = joined;
      begun = true;
    }
  }
  // The machine may be ahead of the log on disk: what it holds is committed, and a log that contradicts it there begins anew.
  const joins = log.epochAt(applied.index) === applied.epoch;
  const kept = joins ? log : Log.startingAt(applied);
  return { hardState, log: kept, applied, configs: [{ index: applied.index, config }] };
}

const FRESH: HardState = { epoch: 0, commitIndex: 0 as LogIndex, repairing: false };

function hardStateIn(meta: Uint8Array): HardState {
  const record = decodeRecord(meta);
  if (record.type !== "HardState") throw new Malformed("a checkpoint carries a hard state");
  return record.hardState;
}
