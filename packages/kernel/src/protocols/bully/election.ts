import {
  andThen,
  fixedTimeout,
  NO_EFFECTS,
  type NodeId,
  type Now,
  onFixedBeat,
  type Ticks,
} from "../../core/index.ts";
import { adopt, type BullyState, type BullyStep, othersOf, send } from "./state.ts";

/** Asks all higher members that are not passed over; announces itself at once where there is none. */
export function elect(state: BullyState, now: Now, waits = 0): BullyStep {
  const passedOver = state.passedOver.filter(({ until }) => until > now.ticks);
  const skipped = (member: NodeId): boolean => passedOver.some((one) => one.member === member);
  const asked = othersOf(state).filter((member) => member > state.self && !skipped(member));
  const next = { ...state, passedOver };
  if (asked.length === 0) return win(next, now);
  const until = (now.ticks + state.settings.answerTicks) as Ticks;
  const { epoch } = state;
  return [
    { ...next, role: { type: "Electing", until, waits } },
    asked.map((to) => send(to, { type: "Election", epoch })),
  ];
}

/** No higher member is there. */
function win(state: BullyState, now: Now): BullyStep {
  if (state.settings.epochs === "authority")
    return [{ ...state, role: { type: "Elected" } }, NO_EFFECTS];
  return lead(state, now, state.epoch + 1);
}

/** Announces itself to all others. The epoch is on disk first: a later life must not use it again. */
export function lead(state: BullyState, now: Now, epoch: number): BullyStep {
  return andThen(adopt(state, epoch), (s) => {
    const beatAt = (now.ticks + s.settings.beatTicks) as Ticks;
    const message = { type: "Coordinator", id: s.self, epoch } as const;
    return [
      { ...s, role: { type: "Leading", beatAt }, passedOver: [] },
      othersOf(s).map((to) => send(to, message)),
    ];
  });
}

/** A lower member asks. The answer makes it wait; then this member is the one who has to find out. */
export function onElection(state: BullyState, now: Now, from: NodeId, heard: number): BullyStep {
  const { role, settings } = state;
  if (from > state.self) return [state, NO_EFFECTS];
  // A coordinator says so again, and needs no other epoch than it has, unless the one who asks knows a higher.
  if (role.type === "Leading" && heard <= state.epoch)
    return [state, [send(from, { type: "Coordinator", id: state.self, epoch: state.epoch })]];
  const answer = send(from, { type: "Answer", epoch: state.epoch });
  const healthy = role.type === "Following" && !settings.preempt;
  const busy = role.type === "Electing" || role.type === "Waiting" || role.type === "Elected";
  if (busy || healthy) return [state, [answer]];
  const [next, effects] = andThen(adopt(state, heard), (s) => elect(s, now));
  return [next, [...effects, answer]];
}

/** Somebody higher takes over: wait for it to say so, but not for ever. */
export function onAnswer(state: BullyState, now: Now, from: NodeId): BullyStep {
  const { role, settings } = state;
  if (role.type === "Waiting") {
    if (role.answered.includes(from)) return [state, NO_EFFECTS];
    return [{ ...state, role: { ...role, answered: [...role.answered, from] } }, NO_EFFECTS];
  }
  if (role.type !== "Electing") return [state, NO_EFFECTS];
  const until = (now.ticks + settings.coordinatorTicks) as Ticks;
  return [
    { ...state, role: { type: "Waiting", until, waits: role.waits, answered: [from] } },
    NO_EFFECTS,
  ];
}

/**
 * A coordinator announces itself, or beats. One of a lower epoch than was heard of is none any more. A lower member that takes an equal
 * or higher epoch is bullied, or left alone where it leads and the settings say so.
 */
export function onCoordinator(state: BullyState, now: Now, id: NodeId, epoch: number): BullyStep {
  if (epoch < state.epoch) return correct(state, id);
  const { settings, self, role } = state;
  if (id < self) {
    const leads = role.type === "Leading" || role.type === "Elected";
    // Of two coordinators under one epoch the higher member stays.
    const outranked = !leads || epoch > state.epoch;
    if (settings.preempt || !outranked) return takeOver(state, now, epoch);
  }
  return follow(state, now, id, epoch);
}

/** The one who says so has missed a later election; a coordinator tells it, others leave that to the coordinator. */
function correct(state: BullyState, to: NodeId): BullyStep {
  if (state.role.type !== "Leading") return [state, NO_EFFECTS];
  const { self, epoch } = state;
  return [state, [send(to, { type: "Coordinator", id: self, epoch })]];
}

/** Not while it is being decided anyway: an election under way ends with an epoch above this one. */
function takeOver(state: BullyState, now: Now, epoch: number): BullyStep {
  const busy = state.role.type === "Electing" || state.role.type === "Waiting";
  return andThen(adopt(state, epoch), (s) => (busy ? [s, NO_EFFECTS] : elect(s, now)));
}

function follow(state: BullyState, now: Now, leader: NodeId, epoch: number): BullyStep {
  const { beatTicks, missesMax } = state.settings;
  return andThen(adopt(state, epoch), (s) => {
    const known = s.role.type === "Following" && s.role.leader === leader ? s.role.detector : null;
    const detector =
      known === null
        ? fixedTimeout({ intervalTicks: beatTicks, missesMax }, now.ticks)
        : onFixedBeat(known, now.ticks);
    return [{ ...s, role: { type: "Following", leader, detector } }, NO_EFFECTS];
  });
}
