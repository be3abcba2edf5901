import { unreachable } from "../assert.ts";
import { earliest, type LogIndex, type PersistSeq, type Ticks } from "../ids.ts";
import { othersOf } from "../log-protocol.ts";
import { heardFromDisk, hungAt } from "../on-disk.ts";
import type { Input, Now, Position, Step } from "../seam.ts";
import { andThen, NO_EFFECTS, refuse, turn } from "../step.ts";
import type { Appointed } from "./appointed.ts";
import { continueHandOver, onTransferLeadership, onYield } from "./hand-over.ts";
import { onPropose } from "./propose.ts";
import { askAgain, onRead, readsWakeAt, serveReads } from "./reads.ts";
import { type AppointedState, mayAct } from "./state.ts";
import { onConfigure } from "./tenure.ts";

/** All inputs of a turn, in order; then, once for all of them: what the protocol settles, readers, a hand-over. */
export function step<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  inputs: readonly Input<M>[],
): Step<S, M> {
  return turn<S, Input<M>, M>(
    state,
    inputs,
    (s, input) => onInput(protocol, s, now, input),
    (s) => endTurn(protocol, s, now),
  );
}

function endTurn<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
): Step<S, M> {
  let step = protocol.settle(state, now);
  step = andThen(step, (s) => serveReads(protocol, s, now));
  step = andThen(step, (s) => continueHandOver(protocol, s, now));
  const [last, effects] = step;
  const able = mayAct(last, now.ticks);
  return [able === last.able ? last : { ...last, able }, effects];
}

function onInput<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  input: Input<M>,
): Step<S, M> {
  switch (input.type) {
    case "Receive":
      return protocol.receive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(protocol, state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids, input.level, protocol.readFloor(state, now.ticks));
    case "Durable":
      return [onDurable(state, now.ticks, input.upTo), NO_EFFECTS];
    case "Applied":
      return [{ ...state, lastApplied: input.upTo }, NO_EFFECTS];
    case "Link": {
      const { role } = state;
      const gone = role.type === "Follower" && !input.up && role.leader === input.peer;
      return [protocol.relink(gone ? forget(state) : state, input.peer, now.ticks), NO_EFFECTS];
    }
    case "Configure":
      return onConfigure(protocol, state, now, input.office, input.until);
    case "ChangeMembers": {
      const message =
        "the members of this keyspace are those it was created with: create another on the members it is to have, and copy";
      return [state, [refuse(input.id, { code: "ChangeRefused", definite: true, message })]];
    }
    case "TransferLeadership":
      return onTransferLeadership(state, now, input.id, input.to);
    case "Yield":
      return onYield(protocol, state, now, input.heir);
    case "Transferred":
      return [protocol.transferred(state, now, input.to, input.at, input.ok), NO_EFFECTS];
    case "Installing":
      return onInstalling(protocol, state, now, input.at);
    case "Installed":
      return protocol.installed(state, now, input.at, input.config);
    case "Compact": {
      const upTo = Math.min(input.upTo, state.lastApplied) as LogIndex;
      return andThen(protocol.beforeDrop(state, now, upTo), (s) => [
        { ...s, log: s.log.drop(upTo) },
        NO_EFFECTS,
      ]);
    }
    case "Wake":
      return andThen(protocol.wake(state, now.ticks), (s) => onAlarm(protocol, s, now));
    default:
      return unreachable(input);
  }
}

/** A snapshot is being made durable; until it is the log must not move. */
function onInstalling<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  at: Position,
): Step<S, M> {
  const named: Step<S, M> = [{ ...state, installing: at }, protocol.undone(state)];
  return andThen(named, (s) =>
    at.epoch > s.term ? protocol.follow(s, at.epoch, null, now.ticks) : [s, NO_EFFECTS],
  );
}

function onAlarm<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
): Step<S, M> {
  const { role, settings } = state;
  if (role.type === "Leader") {
    if (now.ticks < role.heartbeatAt) return [state, NO_EFFECTS];
    // Its disk has not written for so long: nothing it has taken goes on, and it must not keep others from it.
    const hung = isHung(state, now.ticks);
    const step = protocol.heartbeat({ ...state, hung }, now.ticks);
    return hung && settings.rules.resignOnHungDisk && othersOf(state).length > 0
      ? andThen(step, (s) => onYield(protocol, s, now, false))
      : step;
  }
  if (role.leader === null || now.ticks - role.heardAt < settings.silenceTicks)
    return [state, NO_EFFECTS];
  return [forget(state), NO_EFFECTS];
}

function isHung(state: AppointedState, now: Ticks): boolean {
  const at = hungAt(state, state.settings.hungTicks);
  return at !== null && now >= at;
}

/** Nothing is heard of the leader: who reads asks again when somebody is. */
const forget = <S extends AppointedState>(state: S): S =>
  state.role.type === "Follower"
    ? { ...state, role: { ...state.role, leader: null }, reads: askAgain(state.reads) }
    : state;

/** A disk that writes again is none that hangs. */
function onDurable<S extends AppointedState>(state: S, now: Ticks, upTo: PersistSeq): S {
  const next = heardFromDisk(state, now, upTo);
  return next === state ? state : { ...next, hung: false };
}

/** When this replica wants to be woken. Null: it sleeps until spoken to. */
export function wakeAt<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
): Ticks | null {
  const { role, settings } = state;
  const own = protocol.wakeAt(state);
  const readers = readsWakeAt(state, protocol.whomToAsk(state) !== null);
  if (role.type === "Leader") {
    const ends = state.able && settings.rules.actWithinTenure ? state.until : null;
    return earliest(own, readers, role.heartbeatAt, ends);
  }
  const silentAt = role.leader === null ? null : ((role.heardAt + settings.silenceTicks) as Ticks);
  return earliest(own, readers, silentAt);
}
