import { commit, inSyncLacking, mayAct } from "../../core/appointed/index.ts";
import {
  andThen,
  epochBefore,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  type Ticks,
} from "../../core/index.ts";
import type { ChainMessage } from "./message.ts";
import { follow, heldBy, isTail, predecessorOf, successorOf } from "./order.ts";
import type { ChainEffect, ChainState, ChainStep, Progress } from "./state.ts";

type Update = Extract<ChainMessage, { type: "Update" }>;
type Ack = Extract<ChainMessage, { type: "Ack" }>;

/** At the end of a turn: commits what the tail has, forwards what the successor lacks, and tells the predecessor. */
export function replicate(state: ChainState, now: Now): ChainStep {
  const step = advance(state, now.ticks);
  return andThen(
    andThen(step, (s) => forwardAll(s, now.ticks)),
    acknowledge,
  );
}

/**
 * The tail commits what its disk holds: everybody before it held it when it was forwarded. All others commit what their successor says
 * that the tail has committed.
 */
function advance(state: ChainState, now: Ticks): ChainStep {
  const { chain, role } = state;
  if (chain === null) return [state, NO_EFFECTS];
  if (role.type !== "Leader") return commit(state, committable(state));
  if (!mayAct(state, now)) return [state, NO_EFFECTS];
  // What was under way when the others fell out of step waits for them like what is refused since: one disk is not enough for it.
  const lacking = inSyncLacking(state) > 0;
  const [next, effects] = commit(state, lacking ? state.commitIndex : committable(state));
  const moved = next.commitIndex > state.commitIndex;
  return moved ? [{ ...next, role: { ...role, waited: 0 } }, effects] : [next, effects];
}

function committable(state: ChainState): LogIndex {
  const { settings, verified, links } = state;
  if (isTail(state)) return settings.rules.commitWhenDurable ? heldBy(state) : verified;
  const successor = successorOf(state);
  const acknowledged = successor === null ? 0 : (links.get(successor)?.commit ?? 0);
  return Math.min(acknowledged, heldBy(state)) as LogIndex;
}

function forwardAll(state: ChainState, now: Ticks): ChainStep {
  if (state.role.type === "Leader" && !mayAct(state, now)) return [state, NO_EFFECTS];
  const effects: ChainEffect[] = [];
  const links = state.links.map((one, member) => forward(state, member, one, now, effects));
  return [links === state.links ? state : { ...state, links }, effects];
}

/** What one of them is sent now: no more than is known to be the head's log. */
function forward(
  state: ChainState,
  to: NodeId,
  before: Progress,
  now: Ticks,
  effects: ChainEffect[],
): Progress {
  const { settings, log, verified } = state;
  let progress = before;
  if (progress.sent.length > 0 && now - progress.sentAt >= settings.retransmitTicks) {
    const next = (Math.max(progress.match, log.base.index) + 1) as LogIndex;
    progress = { ...progress, mode: "probe", next, sent: [] };
  }
  if (progress.mode === "snapshot") return progress;
  const room = progress.mode === "probe" ? 1 : settings.inflightMessagesMax;
  while (progress.sent.length < room && progress.next <= verified) {
    if (progress.next <= log.base.index) return sendSnapshot(state, to, progress, effects);
    const after = (progress.next - 1) as LogIndex;
    const { batchEntriesMax, batchBytesMax } = settings;
    const entries = log.slice(after, verified, batchEntriesMax, batchBytesMax);
    // In the chain its acknowledgement comes from the tail; outside of it there is nobody behind who would send one.
    const answer = progress.mode === "probe" || successorOf(state) !== to;
    effects.push(update(state, to, after, entries, answer));
    const end = (after + entries.length) as LogIndex;
    progress = {
      ...progress,
      sent: [...progress.sent, end],
      sentAt: progress.sent.length === 0 ? now : progress.sentAt,
      next: (end + 1) as LogIndex,
    };
  }
  return progress;
}

/** Who is itself to be made whole has nothing to give. */
function sendSnapshot(
  state: ChainState,
  to: NodeId,
  progress: Progress,
  effects: ChainEffect[],
): Progress {
  if (state.repairing || state.fork !== null) return progress;
  effects.push({ type: "Transfer", to });
  return { ...progress, mode: "snapshot", sent: [] };
}

/**
 * Not early: what it carries is on this replica's disk before anybody behind it has it. Else the tail would commit, and show, what the
 * power could take from all before it, of whom one is the next head.
 */
function update(
  state: ChainState,
  to: NodeId,
  after: LogIndex,
  entries: Update["entries"],
  answer: boolean,
): ChainEffect {
  const { term: epoch, chain, commitIndex, log, settings } = state;
  if (chain === null) throw new RangeError("links belong to a chain");
  const prev: Position = { index: after, epoch: epochBefore(log, (after + 1) as LogIndex) };
  const message: Update = {
    type: "Update",
    epoch,
    chain,
    prev,
    entries,
    commit: commitIndex,
    answer,
  };
  const early = !settings.rules.persistBeforeForward;
  return { type: "Send", to, message, early, lane: "log" };
}

/** Asks those to whom this replica sends where their logs join: what was lost on the way shows. */
export function askLinks(state: ChainState, now: Ticks): ChainStep {
  const linksAt = (now + state.settings.heartbeatTicks) as Ticks;
  const next = { ...state, linksAt };
  if (state.role.type === "Leader" && !mayAct(state, now)) return [next, NO_EFFECTS];
  const effects: ChainEffect[] = [];
  const { log, links, verified } = state;
  for (const member of links.members) {
    const end = Math.min((links.get(member)?.next ?? 1) - 1, verified);
    effects.push(update(state, member, Math.max(end, log.base.index) as LogIndex, [], true));
  }
  return [next, effects];
}

/** The answer that is owed; else, once more is committed, the tail's acknowledgement on its way to the head. */
function acknowledge(state: ChainState): ChainStep {
  const { upstream, term: epoch, commitIndex, verified } = state;
  const predecessor = predecessorOf(state);
  const news = predecessor !== null && upstream.told < commitIndex;
  const owed = upstream.owed ?? (news ? ({ to: predecessor, state: "Holds" } as const) : null);
  if (owed === null) return [state, NO_EFFECTS];
  const match = owed.state === "Forked" ? commitIndex : verified;
  const message: Ack = { type: "Ack", epoch, state: owed.state, match, commit: commitIndex };
  const told = owed.to === predecessor ? commitIndex : upstream.told;
  const send = { type: "Send", to: owed.to, message, early: false, lane: "log" } as const;
  return [{ ...state, upstream: { owed: null, told } }, [send]];
}

/** A successor's answer, or the tail's acknowledgement. */
export function onAck(state: ChainState, now: Now, from: NodeId, m: Ack): ChainStep {
  if (m.epoch > state.term) return follow(state, m.epoch, null, now.ticks);
  const progress = state.links.get(from);
  if (m.epoch < state.term || progress === undefined) return [state, NO_EFFECTS];
  const put = (next: Progress): ChainState => ({ ...state, links: state.links.with(from, next) });
  const heard = { ...progress, commit: Math.max(progress.commit, m.commit) as LogIndex };
  // It is being replaced: what it had may be gone by now. It is probed when that is over.
  if (progress.mode === "snapshot") return [put(heard), NO_EFFECTS];
  if (m.state === "Forked") {
    const effects: ChainEffect[] = [];
    return [put(sendSnapshot(state, from, { ...heard, match: 0 as LogIndex }, effects)), effects];
  }
  const match = Math.min(m.match, state.verified) as LogIndex;
  if (m.state === "Lacks") {
    // An answer to something older costs a repetition at most; a disk that lied must not leave it without.
    const known = Math.min(progress.match, match) as LogIndex;
    const next = (match + 1) as LogIndex;
    return [put({ ...heard, mode: "probe", match: known, next, sent: [] }), NO_EFFECTS];
  }
  const further = Math.max(progress.match, match) as LogIndex;
  const next = Math.max(progress.next, further + 1) as LogIndex;
  const sent = progress.sent.filter((end) => end > further);
  const sentAt = sent.length < progress.sent.length ? now.ticks : progress.sentAt;
  return [put({ ...heard, mode: "stream", match: further, next, sent, sentAt }), NO_EFFECTS];
}

/** What was under way on the old link is lost, or will be answered: either way it is probed again. */
export function relink(state: ChainState, peer: NodeId, now: Ticks): ChainState {
  const progress = state.links.get(peer);
  if (progress === undefined || progress.mode === "snapshot") return state;
  const next = Math.min(state.verified, Math.max(progress.match, state.log.base.index)) + 1;
  const probed = { ...progress, mode: "probe", next: next as LogIndex, sent: [], sentAt: now };
  return { ...state, links: state.links.with(peer, probed as Progress) };
}
