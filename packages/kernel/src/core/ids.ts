/** A number or bigint that must not be mistaken for another quantity of the same type. */
export type Brand<T, B extends string> = T & { readonly [K in `is${B}`]: true };

/** One millisecond of the host's monotonic clock, an integer; never wall time. */
export type Ticks = Brand<number, "Ticks">;
/** Place in the node's one journal: +1 per record, never reused. 0 is "before the first record". */
export type JournalSeq = Brand<number, "JournalSeq">;
/** The n-th Persist of this replica since it started. 0 is "nothing persisted yet". */
export type PersistSeq = Brand<number, "PersistSeq">;
/** Position in a log, counted from 1. Index 0 is the empty prefix that every log shares. */
export type LogIndex = Brand<number, "LogIndex">;
/** 63 random bits; 8 bytes on wire and disk, a decimal string in JSON. A removed node's id never returns. */
export type NodeId = Brand<bigint, "NodeId">;
/** 63 bits shared by the nodes of one cluster. */
export type ClusterId = Brand<bigint, "ClusterId">;
/** 63 bits drawn at each start of a node: tells this life of the process from its earlier ones. */
export type StartId = Brand<bigint, "StartId">;
/** Counter of the system keyspace; 0 is the system group. */
export type GroupId = Brand<number, "GroupId">;
/** Counter of the system keyspace; 0 is the system keyspace itself, 1 is `default`. */
export type KeyspaceId = Brand<number, "KeyspaceId">;
/** Per node and process life; on the wire it travels as (node, start, id). */
export type RequestId = Brand<number, "RequestId">;
/** Immutable from the moment it is handed over, either way. */
export type Bytes = Uint8Array;

const ID_LIMIT = 1n << 63n;

export const ticks = (n: number): Ticks => checked(n, "Ticks") as Ticks;
/** The earlier of two times, where null is never. */
export function earliest(...times: readonly (Ticks | null)[]): Ticks | null {
  let least: Ticks | null = null;
  for (const time of times) if (time !== null && (least === null || time < least)) least = time;
  return least;
}
export const journalSeq = (n: number): JournalSeq => checked(n, "JournalSeq") as JournalSeq;
export const persistSeq = (n: number): PersistSeq => checked(n, "PersistSeq") as PersistSeq;
export const logIndex = (n: number): LogIndex => checked(n, "LogIndex") as LogIndex;
export const groupId = (n: number): GroupId => checked(n, "GroupId") as GroupId;
export const keyspaceId = (n: number): KeyspaceId => checked(n, "KeyspaceId") as KeyspaceId;
export const requestId = (n: number): RequestId => checked(n, "RequestId") as RequestId;
export const nodeId = (n: bigint): NodeId => checked63(n, "NodeId") as NodeId;
export const clusterId = (n: bigint): ClusterId => checked63(n, "ClusterId") as ClusterId;
export const startId = (n: bigint): StartId => checked63(n, "StartId") as StartId;

export const SYSTEM_GROUP = groupId(0);
export const SYSTEM_KEYSPACE = keyspaceId(0);
export const DEFAULT_KEYSPACE = keyspaceId(1);

function checked(n: number, kind: string): number {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no ${kind}`);
  return n;
}

function checked63(n: bigint, kind: string): bigint {
  if (n < 0n || n >= ID_LIMIT) throw new RangeError(`${n} is no ${kind}: it has 63 bits`);
  return n;
}
