import {
  andThen,
  earliest,
  fixedSuspectAt,
  type GroupConfig,
  type Input,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Office,
  type Protocol,
  type RequestId,
  refuse,
  type Ticks,
  unreachable,
} from "../../core/index.ts";
import { elect, lead, onAnswer, onCoordinator, onElection } from "./election.ts";
import type { BullyMessage } from "./message.ts";
import { encodeRecord, lastEpoch } from "./record.ts";
import type { BullySettings } from "./settings.ts";
import {
  adopt,
  type BullyEffect,
  type BullyState,
  type BullyStep,
  othersOf,
  type Role,
  send,
} from "./state.ts";

/**
 * The bully election (Garcia-Molina 1982; card 11): with reliable links and bounded delays the highest live member leads. Under a cut or
 * an unbounded delay several do: it is no ground for safety, unless the epochs come from an authority and whatever the coordinator
 * writes to refuses lower ones. It orders nothing itself.
 */
export function bully(settings: BullySettings): Protocol<BullyState, BullyMessage> {
  const begin = (self: NodeId, config: GroupConfig, epoch: number, now: Now): BullyStep => {
    const until = (now.ticks + settings.beatTicks * settings.missesMax) as Ticks;
    const role: Role = { type: "Listening", until };
    const state: BullyState = { epoch, self, config, settings, role, passedOver: [] };
    return settings.preempt ? elect(state, now) : [state, NO_EFFECTS];
  };
  return {
    start: (self, config, recovered, _seed, now) => begin(self, config, lastEpoch(recovered), now),
    /** The epochs that it forgot it hears again from the others; ones of its own making are not safe in any case. */
    repair: (self, config, readable, _seed, now) =>
      begin(self, config, lastEpoch({ checkpoint: null, records: readable }), now),
    step: (state, now, inputs) => {
      let step: BullyStep = [state, NO_EFFECTS];
      for (const input of inputs) step = andThen(step, (s) => onInput(s, now, input));
      return step;
    },
    meta: ({ epoch }) => encodeRecord(epoch),
    wants: () => false,
    wakeAt: ({ role, passedOver }) => {
      const due = dueAt(role);
      const first = passedOver.reduce<Ticks | null>((at, { until }) => earliest(at, until), null);
      return role.type === "Elected" ? first : due;
    },
  };
}

function dueAt(role: Role): Ticks | null {
  switch (role.type) {
    case "Listening":
    case "Electing":
    case "Waiting":
      return role.until;
    case "Following":
      return fixedSuspectAt(role.detector);
    case "Leading":
      return role.beatAt;
    case "Elected":
      return null;
    default:
      return unreachable(role);
  }
}

function onInput(state: BullyState, now: Now, input: Input<BullyMessage>): BullyStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Wake":
      return onWake(state, now);
    case "Link": {
      // A hint that its coordinator is gone begins an election at once: at worst it is told that it is not.
      const { role } = state;
      const gone = !input.up && role.type === "Following" && role.leader === input.peer;
      return gone ? elect(state, now) : [state, NO_EFFECTS];
    }
    case "Configure":
      return onOffice(state, now, input.office);
    case "Propose":
      return [state, input.commands.map(({ id }) => notLeader(state, id))];
    case "Read":
      return [state, input.ids.map((id) => notLeader(state, id))];
    case "ChangeMembers": {
      const message = "an election has the members that it was founded with: found another one";
      return [state, [refuse(input.id, { code: "ChangeRefused", definite: true, message })]];
    }
    case "TransferLeadership":
      return [state, [refuse(input.id, { code: "BadTransferee", definite: true })]];
    case "Yield":
    case "Durable":
    case "Applied":
    case "Transferred":
    case "Installing":
    case "Installed":
    case "Compact":
      return [state, NO_EFFECTS];
    default:
      return unreachable(input);
  }
}

function onReceive(state: BullyState, now: Now, from: NodeId, m: BullyMessage): BullyStep {
  switch (m.type) {
    case "Election":
      return onElection(state, now, from, m.epoch);
    case "Answer":
      return andThen(adopt(state, m.epoch), (s) => onAnswer(s, now, from));
    case "Coordinator":
      return onCoordinator(state, now, m.id, m.epoch);
    case "Beat":
      return onCoordinator(state, now, from, m.epoch);
    default:
      return unreachable(m);
  }
}

function onWake(state: BullyState, now: Now): BullyStep {
  const { role, settings } = state;
  const due = dueAt(role);
  if (role.type === "Elected") return retryElected(state, now);
  if (due === null || now.ticks < due) return [state, NO_EFFECTS];
  switch (role.type) {
    case "Listening":
    case "Following":
      return elect(state, now);
    case "Electing":
      return noAnswer(state, now);
    case "Waiting":
      return noCoordinator(state, now, role);
    case "Leading": {
      const beatAt = (now.ticks + settings.beatTicks) as Ticks;
      const { epoch } = state;
      const beats = othersOf(state).map((to) => send(to, { type: "Beat", epoch }));
      return [{ ...state, role: { ...role, beatAt } }, beats];
    }
    default:
      return unreachable(role);
  }
}

/** Whoever was passed over may be back: the highest is asked again before the authority finds it. */
function retryElected(state: BullyState, now: Now): BullyStep {
  const over = state.passedOver.some(({ until }) => until <= now.ticks);
  return over ? elect(state, now) : [state, NO_EFFECTS];
}

/** No higher member answered in time: this one is the highest. */
function noAnswer(state: BullyState, now: Now): BullyStep {
  const until = (now.ticks + state.settings.passOverTicks) as Ticks;
  const silent = othersOf(state).filter((member) => member > state.self);
  const passedOver = silent.map((member) => ({ member, until }));
  return elect({ ...state, passedOver }, now);
}

/** One that answered did not announce itself: begin anew, and in the end without whoever answers and does nothing. */
function noCoordinator(
  state: BullyState,
  now: Now,
  { waits, answered }: Extract<Role, { readonly type: "Waiting" }>,
): BullyStep {
  const { waitsMax, passOverTicks } = state.settings;
  if (waits + 1 < waitsMax) return elect(state, now, waits + 1);
  const until = (now.ticks + passOverTicks) as Ticks;
  const more = answered.map((member) => ({ member, until }));
  return elect({ ...state, passedOver: [...state.passedOver, ...more] }, now);
}

/** The authority's word, heeded where epochs are its own: the newest office decides, whatever the election said. */
function onOffice(state: BullyState, now: Now, { epoch, primary }: Office): BullyStep {
  const { settings, self, role } = state;
  if (settings.epochs === "own" || epoch <= state.epoch) return [state, NO_EFFECTS];
  if (primary === self) return lead(state, now, epoch);
  return andThen(adopt(state, epoch), (s) => {
    if (role.type !== "Leading") return [s, NO_EFFECTS];
    const until = (now.ticks + settings.coordinatorTicks) as Ticks;
    return [{ ...s, role: { type: "Listening", until } }, NO_EFFECTS];
  });
}

function notLeader({ role, self }: BullyState, id: RequestId): BullyEffect {
  const leading = role.type === "Leading" ? self : null;
  const leaderHint = role.type === "Following" ? role.leader : leading;
  return refuse(id, { code: "NotLeader", definite: true, leaderHint });
}
