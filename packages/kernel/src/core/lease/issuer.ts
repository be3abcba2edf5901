import { unreachable } from "../assert.ts";
import type { NodeId, RequestId, StartId, Ticks } from "../ids.ts";
import { earliest } from "../ids.ts";
import type { Now } from "../seam.ts";
import { GrantedLeases } from "./granted.ts";
import type { HolderMessage, IssuerMessage, RequestTag } from "./message.ts";
import { type IssuerSettings, owedBy } from "./settings.ts";

/**
 * The server's side of cache leases (Gray and Cheriton 1989; card 7): while a lease on a datum is valid the datum does not change. That
 * holds whether or not the holder heard of the lease, is alive, or can be reached.
 */
export interface LeaseIssuer<V> {
  readonly start: StartId;
  readonly settings: IssuerSettings;
  readonly data: Map<string, Datum<V>>;
  /** Data that a write waits for. */
  readonly waiting: Set<string>;
  /** Leases in all tables, those included that have ended and were not looked at since. */
  leases: number;
  /** Data with a value. */
  written: number;
  /** The largest duration ever granted, in this life or an earlier one. */
  longestTicks: number;
  /** What an earlier life may have granted, as if all of it at the restart; null once it has ended. */
  earlier: { readonly endsAt: Ticks; readonly owedUntil: Ticks } | null;
}

export interface Datum<V> {
  version: number;
  value: V | null;
  readonly leases: GrantedLeases;
  readonly writes: { readonly id: RequestId; readonly value: V }[];
  readonly blocked: { readonly holder: NodeId; readonly tag: RequestTag }[];
  /** When the leases end that the first waiting write met: later than this none may be granted. */
  closesAt: number;
  revokeAgainAt: Ticks | null;
}

/** What of an issuer must survive a crash. */
export type IssuerRecord<V> =
  | {
      readonly type: "Applied";
      readonly datum: string;
      readonly version: number;
      readonly value: V;
    }
  | {
      readonly type: "Granted";
      readonly datum: string;
      readonly holder: NodeId;
      readonly durationTicks: number;
    }
  | { readonly type: "Longest"; readonly durationTicks: number };

export type IssuerInput<V> =
  | { readonly type: "Receive"; readonly from: NodeId; readonly message: HolderMessage }
  | {
      readonly type: "Write";
      readonly id: RequestId;
      readonly datum: string;
      readonly value: V;
    }
  | { readonly type: "Wake" };

/** In order: nothing behind a `Persist` may happen before its record is on stable storage. */
export type IssuerEffect<V> =
  | { readonly type: "Persist"; readonly record: IssuerRecord<V> }
  | { readonly type: "Send"; readonly to: NodeId; readonly message: IssuerMessage<V> }
  /** The write is done, and is answered. */
  | {
      readonly type: "Applied";
      readonly id: RequestId;
      readonly datum: string;
      readonly version: number;
    }
  /** A bound was reached. The write had no effect and never will. */
  | { readonly type: "Refused"; readonly id: RequestId };

/** An issuer with what its earlier lives left; `start` tells this life from those. */
export function startIssuer<V>(
  settings: IssuerSettings,
  start: StartId,
  records: Iterable<IssuerRecord<V>>,
  { ticks }: Now,
): LeaseIssuer<V> {
  const issuer: LeaseIssuer<V> = {
    start,
    settings,
    data: new Map(),
    waiting: new Set(),
    leases: 0,
    written: 0,
    longestTicks: 0,
    earlier: null,
  };
  for (const record of records) restore(issuer, record, ticks);
  const { longestTicks } = issuer;
  const unknown = settings.persistence === "longest" && longestTicks > 0;
  if (unknown && settings.rules.waitAfterRestart)
    issuer.earlier = until(issuer, ticks, longestTicks);
  return issuer;
}

function restore<V>(issuer: LeaseIssuer<V>, record: IssuerRecord<V>, now: Ticks): void {
  if (record.type === "Longest") {
    issuer.longestTicks = Math.max(issuer.longestTicks, record.durationTicks);
  } else if (record.type === "Applied") {
    const datum = datumOf(issuer, record.datum);
    if (datum.version === 0) issuer.written++;
    datum.version = record.version;
    datum.value = record.value;
  } else if (issuer.settings.rules.waitAfterRestart) {
    // A monotonic clock may begin anew with its machine, so the lease counts as if it were granted now.
    note(issuer, datumOf(issuer, record.datum), record.holder, record.durationTicks, now);
  }
}

/** The least that a restart needs to know: what was persisted before it can be dropped. */
export function issuerRecords<V>(issuer: LeaseIssuer<V>, now: Now): readonly IssuerRecord<V>[] {
  const records: IssuerRecord<V>[] = [];
  const { longestTicks } = issuer;
  if (longestTicks > 0) records.push({ type: "Longest", durationTicks: longestTicks });
  for (const [datum, { version, value, leases }] of issuer.data) {
    if (value !== null) records.push({ type: "Applied", datum, version, value });
    if (issuer.settings.persistence === "longest") continue;
    for (const [holder, { durationTicks, owedUntil }] of leases.entries())
      if (owedUntil > now.ticks) records.push({ type: "Granted", datum, holder, durationTicks });
  }
  return records;
}

/** Changes the issuer it is given: keep only what it returns. */
export function stepIssuer<V>(
  issuer: LeaseIssuer<V>,
  now: Now,
  inputs: readonly IssuerInput<V>[],
): readonly [LeaseIssuer<V>, readonly IssuerEffect<V>[]] {
  const effects: IssuerEffect<V>[] = [];
  if (issuer.earlier !== null && issuer.earlier.owedUntil <= now.ticks) issuer.earlier = null;
  for (const input of inputs) onInput(issuer, now.ticks, input, effects);
  return [issuer, effects];
}

/** When a waiting write may have to be looked at again; null: when spoken to. */
export function issuerWakeAt<V>(issuer: LeaseIssuer<V>): Ticks | null {
  let at: Ticks | null = null;
  for (const name of issuer.waiting) {
    const datum = datumOf(issuer, name);
    at = earliest(at, earliest(boundUntil(issuer, datum), datum.revokeAgainAt));
  }
  return at;
}

function onInput<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  input: IssuerInput<V>,
  effects: IssuerEffect<V>[],
): void {
  switch (input.type) {
    case "Receive": {
      const { from, message } = input;
      if (message.type === "Read") onRead(issuer, now, from, message.datum, message.tag, effects);
      else onRevokeAck(issuer, now, from, message, effects);
      return;
    }
    case "Write":
      onWrite(issuer, now, input, effects);
      return;
    case "Wake":
      for (const name of issuer.waiting) {
        applyIfFree(issuer, now, name, effects);
        revokeIfDue(issuer, now, name, effects);
      }
      return;
    default:
      unreachable(input);
  }
}

function onRead<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  holder: NodeId,
  name: string,
  tag: RequestTag,
  effects: IssuerEffect<V>[],
): void {
  const { settings, data } = issuer;
  const datum = data.get(name) ?? blank<V>();
  const blocks = settings.duringWrite === "block" && settings.rules.boundDuringWrite;
  if (datum.writes.length === 0 || !blocks) {
    answer(issuer, now, name, datum, holder, tag, effects);
  } else if (datum.blocked.length < settings.blockedReadsMax) {
    datum.blocked.push({ holder, tag });
  }
}

/** The value, with the longest lease that may be given now. A datum that was never written is leased like any other. */
function answer<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  name: string,
  datum: Datum<V>,
  holder: NodeId,
  tag: RequestTag,
  effects: IssuerEffect<V>[],
): void {
  const leaseTicks = roomFor(issuer, now) ? durationFor(issuer, now, datum) : 0;
  if (leaseTicks > 0) {
    issuer.data.set(name, datum);
    note(issuer, datum, holder, leaseTicks, now);
    const record = recordOf(issuer, name, holder, leaseTicks);
    if (record !== null) effects.push({ type: "Persist", record });
  }
  const { version, value } = datum;
  const lease = leaseTicks > 0 ? leaseTicks : null;
  const message = { type: "Data", datum: name, tag, version, value, leaseTicks: lease } as const;
  effects.push({ type: "Send", to: holder, message });
}

/** Not longer than the leases that a waiting write met (card 7, fix 1); 0 is none. */
function durationFor<V>(issuer: LeaseIssuer<V>, now: Ticks, datum: Datum<V>): number {
  const { leaseTicks, duringWrite, revokes, rules } = issuer.settings;
  if (datum.writes.length === 0 || !rules.boundDuringWrite) return leaseTicks;
  // One that is being taken back needs no company: an acknowledgement of the first recall must not stand for a later lease.
  if (duringWrite !== "boundedEnd" || revokes) return 0;
  return Math.max(0, Math.min(leaseTicks, datum.closesAt - now));
}

/** The record that must be durable before the lease may be told; null where an earlier one says enough. */
function recordOf<V>(
  issuer: LeaseIssuer<V>,
  datum: string,
  holder: NodeId,
  durationTicks: number,
): IssuerRecord<V> | null {
  if (issuer.settings.persistence === "table")
    return { type: "Granted", datum, holder, durationTicks };
  if (durationTicks <= issuer.longestTicks) return null;
  issuer.longestTicks = durationTicks;
  return { type: "Longest", durationTicks };
}

function onWrite<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  { id, datum: name, value }: Extract<IssuerInput<V>, { readonly type: "Write" }>,
  effects: IssuerEffect<V>[],
): void {
  const { settings } = issuer;
  const known = issuer.data.get(name);
  const isNew = (known?.version ?? 0) === 0 && (known?.writes.length ?? 0) === 0;
  const full = isNew && issuer.written >= settings.dataMax;
  if (full || (known?.writes.length ?? 0) >= settings.writesMax) {
    effects.push({ type: "Refused", id });
    return;
  }
  const datum = datumOf(issuer, name);
  if (isNew) issuer.written++;
  datum.writes.push({ id, value });
  if (datum.writes.length > 1) return;
  issuer.waiting.add(name);
  datum.closesAt = Math.max(now, datum.leases.endsAt, issuer.earlier?.endsAt ?? 0);
  datum.revokeAgainAt = settings.revokes ? now : null;
  applyIfFree(issuer, now, name, effects);
  revokeIfDue(issuer, now, name, effects);
}

/** Applies what waits, in order, once no lease can stand against it; then answers the reads that waited with it. */
function applyIfFree<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  name: string,
  effects: IssuerEffect<V>[],
): void {
  const datum = datumOf(issuer, name);
  const before = datum.leases.size;
  datum.leases.prune(now);
  issuer.leases -= before - datum.leases.size;
  if (datum.writes.length === 0 || boundUntil(issuer, datum) !== null) return;
  for (const { id, value } of datum.writes) {
    const version = ++datum.version;
    datum.value = value;
    effects.push({ type: "Persist", record: { type: "Applied", datum: name, version, value } });
    effects.push({ type: "Applied", id, datum: name, version });
  }
  datum.writes.length = 0;
  datum.revokeAgainAt = null;
  issuer.waiting.delete(name);
  for (const { holder, tag } of datum.blocked.splice(0))
    answer(issuer, now, name, datum, holder, tag, effects);
}

/** Asks each holder that is left to drop (card 7, fix 2). */
function revokeIfDue<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  name: string,
  effects: IssuerEffect<V>[],
): void {
  const datum = datumOf(issuer, name);
  if (datum.revokeAgainAt === null || datum.revokeAgainAt > now) return;
  datum.revokeAgainAt = (now + issuer.settings.revokeRetryTicks) as Ticks;
  const { version } = datum;
  for (const to of datum.leases.holders) {
    const message = { type: "Revoke", datum: name, version, issuer: issuer.start } as const;
    effects.push({ type: "Send", to, message });
  }
}

function onRevokeAck<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  holder: NodeId,
  m: Extract<HolderMessage, { readonly type: "RevokeAck" }>,
  effects: IssuerEffect<V>[],
): void {
  const datum = issuer.data.get(m.datum);
  // An answer to an older recall says nothing of a lease that was given since.
  if (datum === undefined || m.issuer !== issuer.start || m.version !== datum.version) return;
  if (datum.writes.length === 0) return;
  const before = datum.leases.size;
  datum.leases.drop(holder);
  issuer.leases -= before - datum.leases.size;
  applyIfFree(issuer, now, m.datum, effects);
}

/** Until when a write of this datum must wait; null where nothing is in its way. */
function boundUntil<V>(issuer: LeaseIssuer<V>, datum: Datum<V>): Ticks | null {
  const { owedUntil } = datum.leases;
  const earlier = issuer.earlier?.owedUntil ?? null;
  return owedUntil === null || (earlier !== null && earlier > owedUntil) ? earlier : owedUntil;
}

function note<V>(
  issuer: LeaseIssuer<V>,
  datum: Datum<V>,
  holder: NodeId,
  durationTicks: number,
  now: Ticks,
): void {
  const before = datum.leases.size;
  datum.leases.grant(holder, { durationTicks, ...until(issuer, now, durationTicks) });
  issuer.leases += datum.leases.size - before;
}

const until = <V>({ settings }: LeaseIssuer<V>, now: Ticks, durationTicks: number) => ({
  endsAt: (now + durationTicks) as Ticks,
  owedUntil: (now + owedBy(settings, durationTicks)) as Ticks,
});

/** Whether one more lease fits; those that have ended are swept out only when it does not. */
function roomFor<V>(issuer: LeaseIssuer<V>, now: Ticks): boolean {
  if (issuer.leases < issuer.settings.leasesMax) return true;
  issuer.leases = 0;
  for (const [name, datum] of issuer.data) {
    datum.leases.prune(now);
    issuer.leases += datum.leases.size;
    const idle = datum.version === 0 && datum.writes.length === 0 && datum.leases.size === 0;
    if (idle) issuer.data.delete(name);
  }
  return issuer.leases < issuer.settings.leasesMax;
}

function datumOf<V>(issuer: LeaseIssuer<V>, name: string): Datum<V> {
  const known = issuer.data.get(name);
  if (known !== undefined) return known;
  const datum = blank<V>();
  issuer.data.set(name, datum);
  return datum;
}

const blank = <V>(): Datum<V> => ({
  version: 0,
  value: null,
  leases: new GrantedLeases(),
  writes: [],
  blocked: [],
  closesAt: 0,
  revokeAgainAt: null,
});
