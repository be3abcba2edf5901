import { unreachable } from "../assert.ts";
import type { RequestId, StartId, Ticks } from "../ids.ts";
import type { Now } from "../seam.ts";
import type { HolderMessage, IssuerMessage } from "./message.ts";
import { type HolderSettings, heldBy } from "./settings.ts";

/**
 * The reader's side of cache leases (card 7), for one datum: while its lease is valid a read costs nothing and shows the newest value.
 * Nothing of it survives a crash, and nothing has to: answers to an earlier life start no lease.
 */
export interface LeaseHolder<V> {
  readonly start: StartId;
  readonly datum: string;
  readonly settings: HolderSettings;
  readonly cached: Cached<V> | null;
  /** Requests that the issuer has not answered, oldest first. */
  readonly waiting: readonly Waiting[];
  readonly nextSerial: number;
}

interface Cached<V> {
  readonly version: number;
  readonly value: V | null;
  /** Not to be used from this tick on. */
  readonly until: Ticks;
}

interface Waiting {
  readonly id: RequestId;
  readonly serial: number;
  readonly sentAt: Ticks;
  /** What the issuer asked to drop while this request was under way: an answer up to this version may not be cached. */
  readonly revokedUpTo: number | null;
}

export type HolderInput<V> =
  | { readonly type: "Read"; readonly id: RequestId }
  | { readonly type: "Receive"; readonly message: IssuerMessage<V> }
  | { readonly type: "Wake" };

export type HolderEffect<V> =
  | { readonly type: "Send"; readonly message: HolderMessage }
  /**
   * The reads are answered. Whoever uses the value later than in this turn looks at its clock again: from `validUntil` on it may be stale.
   * Null: it was the newest at some moment since each of these reads began, and that is all.
   */
  | {
      readonly type: "Answer";
      readonly ids: readonly RequestId[];
      readonly version: number;
      readonly value: V | null;
      readonly validUntil: Ticks | null;
    }
  /** No answer came in time, or too many wait. An expired copy is never used instead. */
  | { readonly type: "Failed"; readonly id: RequestId };

export type HolderStep<V> = readonly [LeaseHolder<V>, readonly HolderEffect<V>[]];

/** A holder without a copy. `start` must differ from that of every earlier life: see `RequestTag`. */
export const startHolder = <V>(
  settings: HolderSettings,
  start: StartId,
  datum: string,
): LeaseHolder<V> => ({ start, datum, settings, cached: null, waiting: [], nextSerial: 1 });

export function stepHolder<V>(
  holder: LeaseHolder<V>,
  now: Now,
  inputs: readonly HolderInput<V>[],
): HolderStep<V> {
  const effects: HolderEffect<V>[] = [];
  let state = holder;
  for (const input of inputs) {
    const [next, more] = onInput(state, now.ticks, input);
    state = next;
    effects.push(...more);
  }
  return [state, effects];
}

/** When the oldest waiting read fails; null where none waits. */
export function holderWakeAt<V>({ waiting, settings }: LeaseHolder<V>): Ticks | null {
  const oldest = waiting[0];
  return oldest === undefined ? null : ((oldest.sentAt + settings.readTicksMax) as Ticks);
}

function onInput<V>(holder: LeaseHolder<V>, now: Ticks, input: HolderInput<V>): HolderStep<V> {
  switch (input.type) {
    case "Read":
      return onRead(holder, now, input.id);
    case "Receive":
      return input.message.type === "Data"
        ? onData(holder, now, input.message)
        : onRevoke(holder, input.message);
    case "Wake":
      return onWake(holder, now);
    default:
      return unreachable(input);
  }
}

/** A read without a valid copy sends a request of its own: an answer that was under way before it began may be too old for it. */
function onRead<V>(holder: LeaseHolder<V>, now: Ticks, id: RequestId): HolderStep<V> {
  const { cached, waiting, settings, start, datum, nextSerial: serial } = holder;
  if (cached !== null && now < cached.until) {
    const { version, value, until } = cached;
    return [holder, [{ type: "Answer", ids: [id], version, value, validUntil: until }]];
  }
  if (waiting.length >= settings.waitingMax) return [holder, [{ type: "Failed", id }]];
  const request: Waiting = { id, serial, sentAt: now, revokedUpTo: null };
  const message = { type: "Read", datum, tag: { start, serial } } as const;
  return [
    { ...holder, cached: null, waiting: [...waiting, request], nextSerial: serial + 1 },
    [{ type: "Send", message }],
  ];
}

/** The request's read is answered in any case; with a valid lease all others that wait are too. */
function onData<V>(
  holder: LeaseHolder<V>,
  now: Ticks,
  m: Extract<IssuerMessage<V>, { readonly type: "Data" }>,
): HolderStep<V> {
  const { start, datum, waiting } = holder;
  const request = waiting.find(({ serial }) => serial === m.tag.serial);
  if (m.tag.start !== start || m.datum !== datum || request === undefined) return [holder, []];
  const { version, value } = m;
  const until = leasedUntil(holder, now, request, m);
  if (until === null) {
    const rest = waiting.filter((one) => one !== request);
    const answer = { type: "Answer", ids: [request.id], version, value, validUntil: null } as const;
    return [{ ...holder, waiting: rest }, [answer]];
  }
  const ids = waiting.map(({ id }) => id);
  // The requests stay unanswered, and their answers will be void: a lease that they bring would only be this one again.
  return [
    { ...holder, cached: { version, value, until }, waiting: [] },
    [{ type: "Answer", ids, version, value, validUntil: until }],
  ];
}

/** Until when this answer may be cached; null: not at all. */
function leasedUntil<V>(
  { settings, cached }: LeaseHolder<V>,
  now: Ticks,
  { sentAt, revokedUpTo }: Waiting,
  { version, leaseTicks }: Extract<IssuerMessage<V>, { readonly type: "Data" }>,
): Ticks | null {
  const { countFromSending, rememberRevoked } = settings.rules;
  if (leaseTicks === null || (cached !== null && cached.version > version)) return null;
  if (rememberRevoked && revokedUpTo !== null && version <= revokedUpTo) return null;
  const until = (countFromSending ? sentAt : now) + heldBy(settings, leaseTicks);
  return until > now ? (until as Ticks) : null;
}

/**
 * The issuer wants to write. The recall may have overtaken the answer that it is about, so requests under way remember it; requests
 * that are sent from now on need not, for the issuer gives no lease on what it is taking back.
 */
function onRevoke<V>(
  holder: LeaseHolder<V>,
  { datum, version, recall, issuer }: Extract<IssuerMessage<V>, { readonly type: "Revoke" }>,
): HolderStep<V> {
  const cached = holder.cached !== null && holder.cached.version <= version ? null : holder.cached;
  const waiting = holder.waiting.map((request) => ({
    ...request,
    revokedUpTo: Math.max(request.revokedUpTo ?? 0, version),
  }));
  const message = { type: "RevokeAck", datum, recall, issuer } as const;
  const next = datum === holder.datum ? { ...holder, cached, waiting } : holder;
  return [next, [{ type: "Send", message }]];
}

function onWake<V>(holder: LeaseHolder<V>, now: Ticks): HolderStep<V> {
  const { waiting, settings } = holder;
  const late = waiting.filter(({ sentAt }) => sentAt + settings.readTicksMax <= now);
  if (late.length === 0) return [holder, []];
  const rest = waiting.slice(late.length);
  return [{ ...holder, waiting: rest }, late.map(({ id }) => ({ type: "Failed", id }))];
}
