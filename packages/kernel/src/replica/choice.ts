import { majority, type NodeId, type Office } from "../core/index.ts";
import type { OfficeRule } from "./profiles.ts";
import { ALL_OFFICE_RULES, type OfficeRules } from "./rules.ts";

/** For so long those who are up may still say how far they are, so that the most complete is found. */
const HEARING_TICKS = 300;
/** Somebody who may lack what was acknowledged is appointed only after all others had so long to come back. */
const UNCLEAN_TICKS = 3000;

/** How far a replica's log surely goes, by its disk. */
export interface Standpoint {
  readonly epoch: number;
  readonly lastIndex: number;
}

/** What is known where an office is free. */
export interface Vacancy {
  readonly office: Office;
  readonly members: readonly NodeId[];
  /** What was said since the last holder's time was over. What was said before says nothing: it may have gone on since. */
  readonly heard: readonly (readonly [NodeId, Standpoint])[];
  readonly isUp: (member: NodeId) => boolean;
  /** Since the office is free. */
  readonly waitedTicks: number;
}

export type Choice =
  | { readonly type: "appoint"; readonly primary: NodeId; readonly unclean: boolean }
  /** `heard` of `needed` who count have said how far they are. */
  | { readonly type: "wait"; readonly heard: number; readonly needed: number };

/**
 * Whom to appoint (cards 5, 8). Of N who may hold a write that was acknowledged W surely do; so of any R = N − W + 1 one does, and the
 * furthest of them has all. It has to bring W to what it has before it serves: see the protocol.
 */
export function choose(
  { holders, loss }: OfficeRule,
  { office, members, heard, isUp, waitedTicks }: Vacancy,
  {
    askEnough,
    promoteByMajority,
  }: Pick<OfficeRules, "askEnough" | "promoteByMajority"> = ALL_OFFICE_RULES,
): Choice {
  const { inSync } = office;
  const sound = heard.filter(([member]) => inSync.includes(member));
  const needed = askEnough ? inSync.length - holders(inSync.length, members.length) + 1 : 1;
  const awaited = inSync.filter(
    (member) => isUp(member) && !sound.some(([other]) => other === member),
  );
  const clean = sound.length >= needed && (awaited.length === 0 || waitedTicks >= HEARING_TICKS);
  // Of the majority that holds what was acknowledged as held by one, at least one is among so many (card 63).
  const some = heard.length > (promoteByMajority ? members.length - majority(members.length) : 0);
  const unclean = !clean && some && loss === "promote" && waitedTicks >= UNCLEAN_TICKS;
  const best = furthest(clean ? sound : unclean ? heard : []);
  return best === null
    ? { type: "wait", heard: sound.length, needed }
    : { type: "appoint", primary: best, unclean };
}

function furthest(known: Vacancy["heard"]): NodeId | null {
  let best: Vacancy["heard"][number] | null = null;
  for (const one of known) if (best === null || isFurther(one[1], best[1])) best = one;
  return best?.[0] ?? null;
}

/** Epoch first: what was discarded may have been longer (card 5, Traps). */
const isFurther = (a: Standpoint, b: Standpoint): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.lastIndex > b.lastIndex);
