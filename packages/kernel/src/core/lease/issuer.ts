import { unreachable } from "../assert.ts";
import type { NodeId, RequestId, StartId, Ticks } from "../ids.ts";
import type { Now } from "../seam.ts";
import { rangeOf } from "./data-range.ts";
import type { HolderMessage, IssuerMessage, RequestTag } from "./message.ts";
import type { IssuerSettings } from "./settings.ts";
import { LeaseTable } from "./table.ts";

/**
 * The server's side of cache leases (Gray and Cheriton 1989; card 7), where one server has the data: while a lease on a datum is valid
 * the datum does not change. That holds whether or not the holder heard of the lease, is alive, or can be reached. Its `table` is the
 * part that the leaders of replicated groups use too; what is added here is the values, and what of the leases is on disk.
 */
export interface LeaseIssuer<V> {
  readonly start: StartId;
  readonly settings: IssuerSettings;
  readonly data: Map<string, Datum<V>>;
  /** A write in it is named for its datum: those that wait behind the first are done with it. */
  readonly table: LeaseTable<NodeId, string>;
  /** The largest duration ever granted, in this life or an earlier one. */
  longestTicks: number;
}

/** One that was written, or waits to be. */
export interface Datum<V> {
  version: number;
  value: V | null;
  readonly writes: { readonly id: RequestId; readonly value: V }[];
  readonly blocked: { readonly holder: NodeId; readonly tag: RequestTag }[];
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
    table: new LeaseTable(settings),
    longestTicks: 0,
  };
  for (const record of records) restore(issuer, record, ticks);
  const unknown = settings.persistence === "longest" && settings.rules.waitAfterRestart;
  if (unknown) issuer.table.inherit(ticks, issuer.longestTicks);
  return issuer;
}

function restore<V>(issuer: LeaseIssuer<V>, record: IssuerRecord<V>, now: Ticks): void {
  if (record.type === "Longest") {
    issuer.longestTicks = Math.max(issuer.longestTicks, record.durationTicks);
  } else if (record.type === "Applied") {
    const datum = datumOf(issuer, record.datum);
    datum.version = record.version;
    datum.value = record.value;
  } else if (issuer.settings.rules.waitAfterRestart) {
    // A monotonic clock may begin anew with its machine, so the lease counts as if it were granted now.
    issuer.table.note(now, record.datum, record.holder, record.durationTicks);
  }
}

/** The least that a restart needs to know: what was persisted before it can be dropped. */
export function issuerRecords<V>(issuer: LeaseIssuer<V>, now: Now): readonly IssuerRecord<V>[] {
  const records: IssuerRecord<V>[] = [];
  const { longestTicks } = issuer;
  if (longestTicks > 0) records.push({ type: "Longest", durationTicks: longestTicks });
  for (const [datum, { version, value }] of issuer.data)
    if (value !== null) records.push({ type: "Applied", datum, version, value });
  if (issuer.settings.persistence === "longest") return records;
  for (const { datum, holder, durationTicks } of issuer.table.leases(now.ticks))
    records.push({ type: "Granted", datum, holder, durationTicks });
  return records;
}

/** Changes the issuer it is given: keep only what it returns. */
export function stepIssuer<V>(
  issuer: LeaseIssuer<V>,
  now: Now,
  inputs: readonly IssuerInput<V>[],
): readonly [LeaseIssuer<V>, readonly IssuerEffect<V>[]] {
  const effects: IssuerEffect<V>[] = [];
  for (const input of inputs) onInput(issuer, now.ticks, input, effects);
  return [issuer, effects];
}

/** When a waiting write may have to be looked at again; null: when spoken to. */
export const issuerWakeAt = <V>({ table }: LeaseIssuer<V>): Ticks | null => table.wakeAt;

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
      applyFreed(issuer, now, effects);
      recall(issuer, now, effects);
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
  const leaseTicks = issuer.table.grant(now, name, holder);
  const record = leaseTicks > 0 ? recordOf(issuer, name, holder, leaseTicks) : null;
  if (record !== null) effects.push({ type: "Persist", record });
  const { version, value } = datum;
  const lease = leaseTicks > 0 ? leaseTicks : null;
  const message = { type: "Data", datum: name, tag, version, value, leaseTicks: lease } as const;
  effects.push({ type: "Send", to: holder, message });
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
  const { settings, data, table } = issuer;
  const known = data.get(name);
  const full = known === undefined && data.size >= settings.dataMax;
  if (full || (known?.writes.length ?? 0) >= settings.writesMax) {
    effects.push({ type: "Refused", id });
    return;
  }
  const datum = datumOf(issuer, name);
  datum.writes.push({ id, value });
  if (datum.writes.length > 1) return;
  if (table.enter(now, name, [rangeOf(name)])) apply(issuer, now, name, effects);
  else recall(issuer, now, effects);
}

/** Applies what waits no more. */
function applyFreed<V>(issuer: LeaseIssuer<V>, now: Ticks, effects: IssuerEffect<V>[]): void {
  for (const name of issuer.table.freed(now)) apply(issuer, now, name, effects);
}

/** No lease stands against its writes: does them in order, then answers the reads that waited with them. */
function apply<V>(
  issuer: LeaseIssuer<V>,
  now: Ticks,
  name: string,
  effects: IssuerEffect<V>[],
): void {
  const datum = datumOf(issuer, name);
  for (const { id, value } of datum.writes) {
    const version = ++datum.version;
    datum.value = value;
    effects.push({ type: "Persist", record: { type: "Applied", datum: name, version, value } });
    effects.push({ type: "Applied", id, datum: name, version });
  }
  datum.writes.length = 0;
  issuer.table.done(name);
  for (const { holder, tag } of datum.blocked.splice(0))
    answer(issuer, now, name, datum, holder, tag, effects);
}

/** Asks each holder that is left to drop (card 7, fix 2). */
function recall<V>(issuer: LeaseIssuer<V>, now: Ticks, effects: IssuerEffect<V>[]): void {
  const { start, table } = issuer;
  for (const { holder: to, datum, recall } of table.recalls(now)) {
    const { version } = datumOf(issuer, datum);
    const message = { type: "Revoke", datum, version, recall, issuer: start } as const;
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
  // What an earlier life of this issuer was told says nothing of a lease that was given since.
  if (m.issuer !== issuer.start) return;
  issuer.table.acknowledge(m.datum, holder, m.recall);
  applyFreed(issuer, now, effects);
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
  writes: [],
  blocked: [],
});
