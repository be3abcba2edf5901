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
import { continueHandOver, onTransferLeadership, onYield } from "./hand-over.ts";
import { keepInSync } from "./in-sync.ts";
import { onInstalled, onInstalling, onTransferred } from "./installation.ts";
import { onUpdate } from "./joining.ts";
import type { PrimaryMessage } from "./message.ts";
import { onPropose } from "./propose.ts";
import { onAnswer, onAsk, onRead, serveReads } from "./reads.ts";
import { heartbeat, onAck, replicate } from "./replication.ts";
import { askAgain, mayAct, type PrimaryState, type PrimaryStep } from "./state.ts";
import { onConfigure } from "./tenure.ts";

export type PrimaryInput = Input<PrimaryMessage>;

/** All inputs of a turn, in order; then, once for all of them: commit, updates, readers, wishes to group 0. */
export function step(state: PrimaryState, now: Now, inputs: readonly PrimaryInput[]): PrimaryStep {
  return turn(
    state,
    inputs,
    (s, input) => onInput(s, now, input),
    (s) => endTurn(s, now),
  );
}

function endTurn(state: PrimaryState, now: Now): PrimaryStep {
  let step = replicate(state, now);
  step = andThen(step, (s) => serveReads(s, now));
  step = andThen(step, (s) => keepInSync(s, now));
  step = andThen(step, (s) => continueHandOver(s, now));
  const [last, effects] = step;
  const able = mayAct(last, now.ticks);
  return [able === last.able ? last : { ...last, able }, effects];
}

function onInput(state: PrimaryState, now: Now, input: PrimaryInput): PrimaryStep {
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

function onReceive(
  state: PrimaryState,
  now: Now,
  from: NodeId,
  message: PrimaryMessage,
): PrimaryStep {
  switch (message.type) {
    case "Update":
      return onUpdate(state, now, from, message);
    case "Ack":
      return onAck(state, now, from, message);
    case "Ask":
      return onAsk(state, now, from, message);
    case "Answer":
      return onAnswer(state, message);
    default:
      return unreachable(message);
  }
}

function onWake(state: PrimaryState, now: Now): PrimaryStep {
  const { role, settings } = state;
  if (role.type === "Primary") {
    if (now.ticks < role.heartbeatAt) return [state, NO_EFFECTS];
    // Its disk has not written for so long: it can acknowledge nothing, and must not keep others from it.
    const hung = isHung(state, now.ticks);
    const step = heartbeat({ ...state, hung }, now.ticks);
    return hung && state.settings.rules.resignOnHungDisk && othersOf(state).length > 0
      ? andThen(step, (s) => onYield(s, now, false))
      : step;
  }
  if (role.primary === null || now.ticks - role.heardAt < settings.silenceTicks)
    return [state, NO_EFFECTS];
  return [forget(state), NO_EFFECTS];
}

function isHung(state: PrimaryState, now: Ticks): boolean {
  const at = hungAt(state, state.settings.hungTicks);
  return at !== null && now >= at;
}

/** Nothing is heard of the primary: who reads asks again when somebody is. */
const forget = (state: PrimaryState): PrimaryState =>
  state.role.type === "Secondary"
    ? { ...state, role: { ...state.role, primary: null }, reads: askAgain(state.reads) }
    : state;

function onLink(state: PrimaryState, peer: NodeId, up: boolean, now: Ticks): PrimaryState {
  const { role } = state;
  if (role.type === "Secondary") return !up && role.primary === peer ? forget(state) : state;
  const progress = role.progress.get(peer);
  // What was under way on the old link is lost, or will be answered: either way it is probed again.
  if (progress === undefined || progress.mode === "snapshot") return state;
  const next = (progress.match > 0 ? progress.match + 1 : role.base) as LogIndex;
  const probed = { ...progress, mode: "probe", next, inflight: 0, sentAt: now } as const;
  return { ...state, role: { ...role, progress: role.progress.with(peer, probed) } };
}

/** A disk that writes again is none that hangs. */
function onDurable(state: PrimaryState, now: Ticks, upTo: PersistSeq): PrimaryState {
  const next = heardFromDisk(state, now, upTo);
  return next === state ? state : { ...next, hung: false };
}

/** When this replica wants to be woken. Null: it sleeps until spoken to. */
export function wakeAt(state: PrimaryState): Ticks | null {
  const { role, settings, reads } = state;
  let at: number = Number.MAX_SAFE_INTEGER;
  if (role.type === "Primary") {
    const ends = state.able && settings.rules.actWithinTenure ? state.until : null;
    at = Math.min(role.heartbeatAt, ends ?? role.heartbeatAt);
  } else if (role.primary !== null) at = role.heardAt + settings.silenceTicks;
  const asks = role.type === "Secondary" && role.primary !== null;
  for (const { since, askedAt, at: told } of reads.waiting) {
    at = Math.min(at, since + settings.readTicksMax + 1);
    if (asks && told === null && askedAt !== null)
      at = Math.min(at, askedAt + settings.retransmitTicks);
  }
  return at === Number.MAX_SAFE_INTEGER ? null : (at as Ticks);
}
