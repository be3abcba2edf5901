import {
  andThen,
  heardFromDisk,
  hungAt,
  type Input,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  othersOf,
  type PersistSeq,
  refuse,
  type Ticks,
  turn,
  unreachable,
} from "../../core/index.ts";
import { beat, onBeat, onHere } from "./beats.ts";
import { askLinks, onAck, relink, replicate } from "./forwarding.ts";
import { continueHandOver, onTransferLeadership, onYield } from "./hand-over.ts";
import { keepInSync } from "./in-sync.ts";
import { onInstalled, onInstalling, onTransferred } from "./installation.ts";
import { becomeWhole, onUpdate } from "./joining.ts";
import type { ChainMessage } from "./message.ts";
import { askAgain, isTail } from "./order.ts";
import { onPropose } from "./propose.ts";
import { onAnswer, onAsk, onRead, serveReads } from "./reads.ts";
import { type ChainState, type ChainStep, mayAct } from "./state.ts";
import { onConfigure } from "./tenure.ts";

export type ChainInput = Input<ChainMessage>;

/** All inputs of a turn, in order; then, once for all of them: who is in the chain, commit, updates, readers. */
export function step(state: ChainState, now: Now, inputs: readonly ChainInput[]): ChainStep {
  return turn(
    state,
    inputs,
    (s, input) => onInput(s, now, input),
    (s) => endTurn(s, now),
  );
}

function endTurn(state: ChainState, now: Now): ChainStep {
  let step = keepInSync(state, now);
  step = andThen(step, (s) => replicate(s, now));
  step = andThen(step, (s) => becomeWhole(s, now.ticks));
  step = andThen(step, (s) => serveReads(s, now));
  step = andThen(step, (s) => continueHandOver(s, now));
  const [last, effects] = step;
  const able = mayAct(last, now.ticks);
  return [able === last.able ? last : { ...last, able }, effects];
}

function onInput(state: ChainState, now: Now, input: ChainInput): ChainStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids, input.level);
    case "Durable":
      return [onDurable(state, now.ticks, input.upTo), NO_EFFECTS];
    case "Applied":
      return [{ ...state, lastApplied: input.upTo }, NO_EFFECTS];
    case "Link":
      return [onLink(state, input.peer, input.up, now.ticks), NO_EFFECTS];
    case "Configure":
      return onConfigure(state, now, input.office, input.until);
    case "ChangeMembers": {
      const message =
        "the members of this keyspace are those it was created with: create another on the members it is to have, and copy";
      return [state, [refuse(input.id, { code: "ChangeRefused", definite: true, message })]];
    }
    case "TransferLeadership":
      return onTransferLeadership(state, now, input.id, input.to);
    case "Yield":
      return onYield(state, now, input.heir);
    case "Transferred":
      return onTransferred(state, now, input.to, input.at, input.ok);
    case "Installing":
      return onInstalling(state, now, input.at);
    case "Installed":
      return onInstalled(state, now, input.at, input.config);
    case "Compact": {
      const upTo = Math.min(input.upTo, state.lastApplied) as LogIndex;
      return [{ ...state, log: state.log.drop(upTo) }, NO_EFFECTS];
    }
    case "Wake":
      return onWake(state, now);
    default:
      return unreachable(input);
  }
}

function onReceive(state: ChainState, now: Now, from: NodeId, message: ChainMessage): ChainStep {
  switch (message.type) {
    case "Update":
      return onUpdate(state, now, from, message);
    case "Ack":
      return onAck(state, now, from, message);
    case "Beat":
      return onBeat(state, now, from, message);
    case "Here":
      return onHere(state, now, from, message);
    case "Ask":
      return onAsk(state, now, from, message);
    case "Answer":
      return onAnswer(state, message);
    default:
      return unreachable(message);
  }
}

function onWake(state: ChainState, now: Now): ChainStep {
  const { links, linksAt } = state;
  const asks = links.members.length > 0 && now.ticks >= linksAt;
  return andThen(asks ? askLinks(state, now.ticks) : [state, NO_EFFECTS], (s) => onAlarm(s, now));
}

function onAlarm(state: ChainState, now: Now): ChainStep {
  const { role, settings } = state;
  if (role.type === "Head") {
    if (now.ticks < role.heartbeatAt) return [state, NO_EFFECTS];
    // Its disk has not written for so long: nothing it has taken goes on, and it must not keep others from it.
    const hung = isHung(state, now.ticks);
    const step = beat({ ...state, hung }, now.ticks);
    return hung && settings.rules.resignOnHungDisk && othersOf(state).length > 0
      ? andThen(step, (s) => onYield(s, now, false))
      : step;
  }
  if (role.head === null || now.ticks - role.heardAt < settings.silenceTicks)
    return [state, NO_EFFECTS];
  return [forget(state), NO_EFFECTS];
}

function isHung(state: ChainState, now: Ticks): boolean {
  const at = hungAt(state, state.settings.hungTicks);
  return at !== null && now >= at;
}

/** Nothing is heard of the head: who reads asks again when somebody is. */
const forget = (state: ChainState): ChainState =>
  state.role.type === "Member"
    ? { ...state, role: { ...state.role, head: null }, reads: askAgain(state.reads) }
    : state;

function onLink(state: ChainState, peer: NodeId, up: boolean, now: Ticks): ChainState {
  const { role } = state;
  const gone = role.type === "Member" && !up && role.head === peer;
  return relink(gone ? forget(state) : state, peer, now);
}

/** A disk that writes again is none that hangs. */
function onDurable(state: ChainState, now: Ticks, upTo: PersistSeq): ChainState {
  const next = heardFromDisk(state, now, upTo);
  return next === state ? state : { ...next, hung: false };
}

/** When this replica wants to be woken. Null: it sleeps until spoken to. */
export function wakeAt(state: ChainState): Ticks | null {
  const { role, settings, reads, chain, links, linksAt } = state;
  let at: number = links.members.length > 0 ? linksAt : Number.MAX_SAFE_INTEGER;
  if (role.type === "Head") {
    const ends = state.able && settings.rules.actWithinTenure ? state.until : null;
    at = Math.min(at, role.heartbeatAt, ends ?? role.heartbeatAt);
  } else if (role.head !== null) at = Math.min(at, role.heardAt + settings.silenceTicks);
  const asks = chain !== null && !isTail(state);
  for (const { since, askedAt, at: told } of reads.waiting) {
    at = Math.min(at, since + settings.readTicksMax + 1);
    if (asks && told === null && askedAt !== null)
      at = Math.min(at, askedAt + settings.retransmitTicks);
  }
  return at === Number.MAX_SAFE_INTEGER ? null : (at as Ticks);
}
