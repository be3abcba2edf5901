import { commit, lostFrom, persistHardState, replaceAfter } from "../../core/appointed/index.ts";
import {
  andThen,
  type Entry,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  type Ticks,
} from "../../core/index.ts";
import { tellEpoch } from "./beats.ts";
import type { ChainMessage } from "./message.ts";
import { adopt, follow, heldBy, isInChain, remembers } from "./order.ts";
import type { ChainState, ChainStep, Upstream } from "./state.ts";

type Update = Extract<ChainMessage, { type: "Update" }>;

/** The predecessor's word on the log: joins it to one's own, or says where that goes on (card 9). */
export function onUpdate(state: ChainState, now: Now, from: NodeId, m: Update): ChainStep {
  const { refuseOldEpochs } = state.settings.rules;
  if (m.epoch < state.term && refuseOldEpochs) return [state, [tellEpoch(state, from)]];
  if (state.role.type === "Leader" && m.epoch === state.term) return [state, NO_EFFECTS];
  const head = m.chain.order[0] ?? null;
  const step: ChainStep =
    m.epoch > state.term ? follow(state, m.epoch, head, now.ticks) : [state, NO_EFFECTS];
  return andThen(step, (s) => {
    const adopted = adopt(s, m.chain, now.ticks);
    // Of another chain: who sent it stood before this replica then, and may not now.
    const old = m.chain.number < (adopted.chain?.number ?? 0);
    const refused = old && adopted.settings.rules.refuseOldChains;
    return refused || adopted.installing !== null
      ? [adopted, NO_EFFECTS]
      : join(adopted, now.ticks, from, m);
  });
}

function join(state: ChainState, now: Ticks, from: NodeId, m: Update): ChainStep {
  if (state.fork !== null) return owe(state, from, "Forked");
  const rest = behindBase(state, m);
  if (rest === null) return owe(state, from, "Lacks");
  const { prev, entries, differs } = rest;
  if (differs) return forkAt(state, now, from, prev.index);
  const conflict = entries.find(({ index, epoch }) => state.log.epochAt(index) !== epoch);
  if (conflict !== undefined && conflict.index <= state.commitIndex)
    return forkAt(state, now, from, conflict.index);
  const match = (prev.index + entries.length) as LogIndex;
  return andThen(write(state, now, prev, entries, conflict), (s) => {
    const known = Math.min(s.verified, s.log.lastIndex);
    const joined = { ...s, verified: Math.max(known, match) as LogIndex };
    const told = commit(joined, Math.min(m.commit, match) as LogIndex);
    return m.answer ? andThen(told, (done) => owe(done, from, "Holds")) : told;
  });
}

interface Rest {
  readonly prev: Position;
  readonly entries: readonly Entry[];
  /** This log has another epoch at `prev`, where it is committed. */
  readonly differs: boolean;
}

/**
 * An update as far as it concerns what this log still holds. Null where it does not reach so far, or begins beyond what is known here: the
 * predecessor is to go on behind what this replica has of the head's log.
 */
function behindBase({ log, commitIndex }: ChainState, m: Update): Rest | null {
  const skipped = Math.max(0, log.base.index - m.prev.index);
  if (skipped === 0) {
    const differs = log.epochAt(m.prev.index) !== m.prev.epoch;
    return differs && m.prev.index > commitIndex
      ? null
      : { prev: m.prev, entries: m.entries, differs };
  }
  const prev = m.entries[skipped - 1];
  if (prev === undefined) return null;
  return { prev, entries: m.entries.slice(skipped), differs: prev.epoch !== log.base.epoch };
}

/** Puts into the log what it lacks. Nothing is cut but where an entry conflicts: a late repetition ends before what came since (CU-2). */
function write(
  state: ChainState,
  now: Ticks,
  prev: Position,
  entries: readonly Entry[],
  conflict: Entry | undefined,
): ChainStep {
  const { log, settings } = state;
  const first = settings.rules.truncateOnlyOnConflict ? conflict : entries[0];
  if (first === undefined) return [state, NO_EFFECTS];
  const at = (first.index - 1) as LogIndex;
  const before: Position = { index: at, epoch: log.epochAt(at) ?? prev.epoch };
  return replaceAfter(state, now, before, entries.slice(entries.indexOf(first)));
}

/**
 * What is committed here its head does not have: a disk has lied, this one's or that of whoever was head. It serves nobody before a
 * snapshot has replaced it, and is then one who has lost what it acknowledged.
 */
function forkAt(state: ChainState, now: Ticks, from: NodeId, at: LogIndex): ChainStep {
  const since = { epoch: state.term, number: state.chain?.number ?? 0 };
  const forked: ChainState = { ...state, fork: at, repairing: true, since };
  const named: ChainStep = [forked, [lostFrom(state.log, at)]];
  return andThen(
    andThen(named, (s) => persistHardState(s, now)),
    (s) => owe(s, from, "Forked"),
  );
}

function owe(
  state: ChainState,
  to: NodeId,
  what: NonNullable<Upstream["owed"]>["state"],
): ChainStep {
  return [{ ...state, upstream: { ...state.upstream, owed: { to, state: what } } }, NO_EFFECTS];
}

/**
 * At the end of a turn of one who has lost what it acknowledged: it is whole once its disk has all that was in the head's log when a chain
 * was announced after the loss. What it acknowledged before, and has forgotten, lies up to there.
 */
export function becomeWhole(state: ChainState, now: Ticks): ChainStep {
  const { repairing, fork, chain } = state;
  if (!repairing || fork !== null || chain === null || !remembers(state))
    return [state, NO_EFFECTS];
  if (!isInChain(state) || heldBy(state) < chain.floor) return [state, NO_EFFECTS];
  return persistHardState({ ...state, repairing: false }, now);
}
