import {
  type Accepted,
  type Ballot,
  type Entry,
  foundOnDisk,
  type GroupConfig,
  Log,
  type LogIndex,
  NO_BALLOT,
  NO_POSITION,
  NO_READS,
  type NodeId,
  type Now,
  type Position,
  type Recovered,
  seeded,
} from "../../core/index.ts";
import { withConfigs } from "./configuration.ts";
import type { Slot } from "./message.ts";
import { decodeRecord, type HardState, type PaxosRecord } from "./record.ts";
import type { PaxosSettings } from "./settings.ts";
import { type PaxosState, type PaxosStep, resetElectionTimer } from "./state.ts";
import { Window } from "./window.ts";

/**
 * A replica from what its disk kept. The log is replayed up to the slot that was last written as decided: what was served before
 * the crash is served again, never less (contracts, Restart).
 *
 * Null where the records leave a gap below that slot: then something that was durable is gone, and the group must be repaired from
 * its peers.
 */
export function start(
  settings: PaxosSettings,
  self: NodeId,
  config: GroupConfig,
  recovered: Recovered,
  seed: bigint,
  now: Now,
): PaxosStep | null {
  const kept = replay(recovered);
  const at = recovered.checkpoint?.at ?? NO_POSITION;
  const log = kept === null ? null : logOf(kept, at);
  if (kept === null || log === null) return null;
  const { hardState } = kept;
  const accepted = new Window<Accepted<Entry>>();
  for (const slot of kept.values.slotsFrom((log.lastIndex + 1) as Slot)) {
    const value = kept.values.get(slot);
    if (value !== undefined) accepted.set(slot, value);
  }
  const known = { index: at.index, config: recovered.checkpoint?.config ?? config };
  const entries = log.slice(at.index, log.lastIndex);
  const state: PaxosState = {
    protocol: "paxos",
    term: hardState.promised,
    log,
    commitIndex: log.lastIndex,
    accepted,
    acceptedUnder: hardState.promised,
    repairing: hardState.repairing,
    blind: hardState.blind,
    self,
    settings,
    random: seeded(seed),
    role: { type: "Follower", leader: null, decided: 0 as Slot },
    configs: withConfigs([known], entries, log.lastIndex, at.index),
    lastApplied: at.index,
    highest: hardState.promised,
    attempts: 0,
    ...foundOnDisk(0 as LogIndex),
    // A lease may have been given a moment before the crash, which forgets it: it is kept as if the leader had just been heard.
    heardFromLeaderAt: settings.leaseReads ? now.ticks : null,
    electionAt: null,
    patience: 0,
    // Another count in every life: a late answer to a question of an earlier one must not confirm a reader of this.
    reads: { ...NO_READS, questions: firstQuestion(seed) },
    installing: null,
  };
  return [
    resetElectionTimer(state, now.ticks),
    entries.length === 0 ? [] : [{ type: "Commit", entries }],
  ];
}

interface Kept {
  readonly hardState: HardState;
  /** The last value accepted in each slot. */
  readonly values: Window<Accepted<Entry>>;
  /** As records tell it: all accepted before the record is in records, and so is trusted. */
  readonly decided: Slot;
}

/**
 * Records are in the order in which they were written, and a slot is accepted anew only under a ballot at least as high, and never
 * once it is decided. So the last value of a slot is the chosen one if the slot is decided.
 */
function replay({ checkpoint, records }: Recovered): Kept | null {
  const values = new Window<Accepted<Entry>>();
  let hardState: HardState = {
    promised: NO_BALLOT,
    decided: 0 as Slot,
    repairing: false,
    blind: false,
  };
  let decided = 0 as Slot;
  const keep = (ballot: Ballot, value: Entry): void => {
    if ((values.get(value.index)?.ballot ?? NO_BALLOT) <= ballot)
      values.set(value.index, { ballot, value });
  };
  const take = (record: PaxosRecord): void => {
    // Here it began to be rebuilt: of what was before, some is lost, and nobody knows what.
    const { repairing, blind } = record.hardState;
    if ((repairing && !hardState.repairing) || (blind && !hardState.blind)) {
      values.clear();
      decided = 0 as Slot;
    }
    // What a checkpoint carries is newer than the first of the records behind it.
    const promised = Math.max(hardState.promised, record.hardState.promised) as Ballot;
    hardState = { ...record.hardState, promised };
    if (record.type === "Entries") for (const entry of record.entries) keep(record.ballot, entry);
    if (record.type === "Meta")
      for (const { ballot, value } of record.accepted) keep(ballot, value);
    if (record.type === "Installed") values.dropUpTo(record.at.index);
  };
  if (checkpoint?.meta) take(decodeRecord(checkpoint.meta));
  for (const bytes of records) {
    const record = decodeRecord(bytes);
    // The checkpoint of an installed snapshot is durable before this record: an older machine cannot join it.
    if (record.type === "Installed" && record.at.index > (checkpoint?.at.index ?? 0)) return null;
    take(record);
    decided = Math.max(decided, record.hardState.decided) as Slot;
  }
  return { hardState, values, decided };
}

/**
 * The chosen prefix, reaching back before the machine's position as far as the records do, so that others can be served from it.
 *
 * The machine may be ahead of the records: an entry is applied once others hold it, before our own record of it is durable. Then
 * what the records hold at those slots may be a value of an older ballot, and the log begins anew behind the machine.
 */
function logOf({ values, decided }: Kept, at: Position): Log | null {
  const start = { epoch: 0, index: at.index };
  if (decided <= at.index && (decided < at.index || values.get(decided) === undefined))
    return Log.startingAt(start);
  const entries: Entry[] = [];
  let slot = decided;
  for (; slot > 0; slot = (slot - 1) as Slot) {
    const known = values.get(slot);
    if (known === undefined) break;
    entries.push(known.value);
  }
  if (slot > at.index) return null;
  return Log.startingAt({ epoch: 0, index: slot as LogIndex }).append(entries.reverse());
}

/** The seed differs in every life; a life asks fewer than 2^20 questions before a late answer could still arrive. */
const firstQuestion = (seed: bigint): number =>
  Number(BigInt.asUintN(31, seed ^ (seed >> 33n))) * 2 ** 20;
