import { unreachable } from "../assert.ts";
import { earliest, type NodeId, type Ticks } from "../ids.ts";
import type { Now } from "../seam.ts";
import type { PushLease, PushSettings } from "./push.ts";

/**
 * Gives offices away for a time, by pushes (card 64). At no true time do holders of two generations of one office both act, as long as
 * the bounds of the clocks hold.
 */
export interface PushIssuer {
  readonly settings: PushSettings;
  /** In the order in which they were first given. */
  readonly offices: ReadonlyMap<string, PushOffice>;
  /** This node's clock is out of its bound. */
  readonly fenced: boolean;
}

interface PushOffice {
  /** What was promised last; null before that. On disk before anybody is told. */
  readonly lease: PushLease | null;
  /** Whoever is to have it. Null: nobody, and the lease runs out. */
  readonly wanted: NodeId | null;
  readonly pushAt: Ticks;
}

export type PushIssuerInput =
  /** Somebody else is to hold it, once the lease of whoever holds it is over; null: nobody. */
  | { readonly type: "Appoint"; readonly what: string; readonly holder: NodeId | null }
  /** The clock port found this node's clock out of its bound, or back in it. */
  | { readonly type: "Fence"; readonly fenced: boolean }
  | { readonly type: "Wake" };

/**
 * In order: nothing behind a `Persist` may happen before its record is on stable storage. A record replaces the older one of its office.
 */
export type PushIssuerEffect =
  | { readonly type: "Persist"; readonly record: PushLease }
  | { readonly type: "Push"; readonly lease: PushLease }
  /** Too many offices: `officesMax`. */
  | { readonly type: "Refused"; readonly what: string };

export type PushIssuerStep = readonly [PushIssuer, readonly PushIssuerEffect[]];

/** An issuer that knows the newest record of each office, and goes on with the holders that they name. */
export function startPushIssuer(
  settings: PushSettings,
  records: Iterable<PushLease>,
  { ticks }: Now,
): PushIssuer {
  const offices = new Map<string, PushOffice>();
  for (const record of records) {
    // Without the rule only the generation is remembered: that no end is known means that there is nothing to wait for.
    const lease = settings.rules.persistEnd ? record : { ...record, end: 0 };
    offices.set(record.what, { lease, wanted: record.holder, pushAt: ticks });
  }
  return { settings, offices, fenced: false };
}

export function stepPushIssuer(
  issuer: PushIssuer,
  now: Now,
  inputs: readonly PushIssuerInput[],
): PushIssuerStep {
  const effects: PushIssuerEffect[] = [];
  let state = issuer;
  for (const input of inputs) {
    const [next, more] = onInput(state, now, input);
    state = next;
    effects.push(...more);
  }
  return [state, effects];
}

/** When the next push is due, or an office can be given to somebody else. */
export function pushIssuerWakeAt(issuer: PushIssuer, now: Now): Ticks | null {
  if (isFenced(issuer)) return null;
  let at: Ticks | null = null;
  for (const office of issuer.offices.values()) at = earliest(at, dueAt(office, now));
  return at;
}

function dueAt({ lease, wanted, pushAt }: PushOffice, now: Now): Ticks | null {
  if (wanted === null) return null;
  if (lease === null || lease.holder === wanted) return pushAt;
  // The early edge moves about as the ticks do; where it has not got there, the next turn asks again.
  const rest = Math.max(1, lease.end + 1 - now.wall.earliest);
  return (now.ticks + rest) as Ticks;
}

function onInput(issuer: PushIssuer, now: Now, input: PushIssuerInput): PushIssuerStep {
  switch (input.type) {
    case "Appoint":
      return onAppoint(issuer, now, input.what, input.holder);
    case "Fence":
      return pushAll({ ...issuer, fenced: input.fenced }, now);
    case "Wake":
      return pushAll(issuer, now);
    default:
      return unreachable(input);
  }
}

function onAppoint(
  issuer: PushIssuer,
  now: Now,
  what: string,
  wanted: NodeId | null,
): PushIssuerStep {
  const known = issuer.offices.get(what);
  if (known === undefined && issuer.offices.size >= issuer.settings.officesMax)
    return [issuer, [{ type: "Refused", what }]];
  const office = { lease: known?.lease ?? null, wanted, pushAt: now.ticks };
  return pushAll(withOffice(issuer, what, office), now);
}

/** Sends what is due. A fenced issuer neither promises anything nor takes a lease for over: its clock tells it nothing. */
function pushAll(issuer: PushIssuer, now: Now): PushIssuerStep {
  if (isFenced(issuer)) return [issuer, []];
  const effects: PushIssuerEffect[] = [];
  let state = issuer;
  for (const [what, office] of issuer.offices) {
    const lease = nextLease(issuer.settings, now, what, office);
    if (lease === null) continue;
    const pushAt = (now.ticks + issuer.settings.pushEveryTicks) as Ticks;
    state = withOffice(state, what, { ...office, lease, pushAt });
    effects.push({ type: "Persist", record: lease }, { type: "Push", lease });
  }
  return [state, effects];
}

/** What may be promised now; null: nothing is due, or the last holder may still be in office. */
function nextLease(
  { leaseMillis }: PushSettings,
  { ticks, wall }: Now,
  what: string,
  { lease, wanted, pushAt }: PushOffice,
): PushLease | null {
  if (wanted === null || ticks < pushAt) return null;
  // The early edge: what the clocks do not know shortens the lease, and nobody waits for it.
  const end = wall.earliest + leaseMillis;
  if (lease === null) return { what, holder: wanted, generation: 1, end };
  if (lease.holder === wanted) return { ...lease, end: Math.max(lease.end, end) };
  // Card 64: over when the time is surely behind the end.
  return wall.earliest > lease.end
    ? { what, holder: wanted, generation: lease.generation + 1, end }
    : null;
}

const isFenced = ({ fenced, settings }: PushIssuer): boolean => fenced && settings.rules.fence;

const withOffice = (issuer: PushIssuer, what: string, office: PushOffice): PushIssuer => ({
  ...issuer,
  offices: new Map(issuer.offices).set(what, office),
});
