import {
  byId,
  type ConfigAt,
  configIndexOf,
  configOf,
  decodeConfig,
  type Entry,
  type GroupConfig,
  type LogIndex,
  type NodeId,
  quorumValue,
} from "../../core/index.ts";
import type { Slot } from "./message.ts";
import type { Leader, PaxosState } from "./state.ts";

/**
 * Which voters decide which slot (card 19, MP-5). Members are chosen like everything else, in a slot i; whoever decides slot i + alpha
 * is known once i is chosen, and a leader proposes nothing there before. Until all slots below are chosen, two configurations have
 * slots to decide: `outgoing` those before `slots.from`, `voters` those from there on.
 */
export function decides(state: PaxosState, slot: Slot): GroupConfig {
  const config = configOf(state);
  if (!state.settings.rules.slotsByOwnConfiguration)
    return { ...newestKnown(state), outgoing: null };
  const { outgoing, slots } = config;
  const old = outgoing !== null && slots !== undefined && slot < slots.from;
  return { ...config, voters: old ? outgoing : config.voters, outgoing: null };
}

/** What a leader has proposed counts as little as any other undecided value. With the rule off it counts at once. */
const newestKnown = (state: PaxosState): GroupConfig =>
  (state.role.type === "Leader" ? state.role.change?.config : null) ?? configOf(state);

/** The last slot that this leader may propose for now: who decides it must be known, so all but the last alpha before it are chosen. */
export function lastProposable(state: PaxosState, role: Leader): Slot {
  const { outgoing, slots } = configOf(state);
  const last = (state.commitIndex + state.settings.alpha) as Slot;
  if (outgoing === null || slots === undefined || isTold(state, role)) return last;
  return Math.min(last, slots.from - 2) as Slot;
}

/**
 * Does a majority of the voters to come know of itself, by the leader's word? The last slot of outgoing voters waits for that. Then one
 * of those can stand, and before, one of the outgoing; if the leader died when all of these slots are chosen and none of the others
 * is told, nobody would. And a lease that the outgoing voters gave before they were outgoing binds the others as long: they heard the
 * leader after that.
 */
export function isTold(state: PaxosState, role: Leader): boolean {
  if (!state.settings.rules.incomingToldFirst) return true;
  const coming = { ...configOf(state), outgoing: null };
  const known = quorumValue(coming, (member) =>
    member === state.self ? state.commitIndex : (role.progress.get(member)?.decided ?? 0),
  );
  return known >= configIndexOf(state);
}

/**
 * Every configuration that may have something to decide in a slot that is not known to be chosen: the one or two that are known, and
 * those among the values to propose, one of which may have been chosen, and have decided slots alpha further.
 */
export function mayDecide(state: PaxosState, values: Iterable<Entry>): readonly GroupConfig[] {
  const config = configOf(state);
  if (!state.settings.rules.prepareEveryConfiguration)
    return [{ ...config, voters: config.outgoing ?? config.voters, outgoing: null }];
  const found: GroupConfig[] = [];
  for (const entry of values) {
    const known = configIn(entry);
    if (known !== null) found.push({ ...known, outgoing: null });
  }
  return [config, ...found];
}

/** The configurations of a log to which these chosen entries were appended. Those that no snapshot can need are dropped. */
export function withConfigs(
  known: readonly ConfigAt[],
  chosen: readonly Entry[],
  decided: LogIndex,
  applied: LogIndex,
): readonly ConfigAt[] {
  let configs = known;
  for (const entry of chosen) {
    const config = configIn(entry);
    if (config === null) continue;
    configs = [...settled(configs, (entry.index - 1) as LogIndex), { index: entry.index, config }];
  }
  configs = settled(configs, decided);
  if (configs === known) return known;
  const inMachine = configs.findLastIndex(({ index }) => index <= applied);
  return configs.slice(Math.max(0, inMachine));
}

/** All slots of the outgoing voters are chosen: they have nothing to decide any more. */
function settled(configs: readonly ConfigAt[], decided: LogIndex): readonly ConfigAt[] {
  const config = configs.at(-1)?.config;
  if (config === undefined || config.outgoing === null || config.slots === undefined)
    return configs;
  const { voters, slots } = config;
  const index = (slots.from - 1) as LogIndex;
  if (decided < index) return configs;
  const places = slots.places.slice(0, voters.length);
  return [
    ...configs,
    { index, config: { ...config, outgoing: null, slots: { ...slots, places } } },
  ];
}

/** The members that this entry makes the group's, if it does. */
export const configIn = ({ kind, command }: Entry): GroupConfig | null =>
  kind === "configuration" ? decodeConfig(command) : null;

/**
 * The place of a voter in its ballots: at the founding that of its id among all. Whoever leaves takes its place with it: a ballot that
 * it prepared may still be on its way.
 */
export function placeIn({ voters, outgoing, slots }: GroupConfig, voter: NodeId): number | null {
  const [coming, going] = [voters.indexOf(voter), outgoing?.indexOf(voter) ?? -1];
  if (coming < 0 && going < 0) return null;
  if (slots === undefined) return [...voters].sort(byId).indexOf(voter);
  return slots.places[coming < 0 ? voters.length + going : coming] ?? null;
}

/** Is it to vote when all changes are in force? Whoever is leaving gets no office that it does not have. */
export const isToStay = (config: GroupConfig, member: NodeId): boolean =>
  config.voters.includes(member);
