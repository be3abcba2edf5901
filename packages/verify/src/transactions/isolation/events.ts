/**
 * Where a dependency between two transactions leaves the one and arrives at the other, as nodes of a graph that has no cycle
 * exactly when the level holds.
 *
 * For serializability a transaction is one node. For the others it is two, its start 2t and its commit 2t + 1, and an
 * anti-dependency leads from start to commit: then a cycle can be written as one of the relation that must have none,
 * ((so ∪ wr ∪ ww) ; rw?) for snapshot isolation and ((so ∪ wr) ; rw? ∪ ww) for prefix consistency (Cerone-Gotsman-Yang,
 * Algebraic Laws for Weak Consistency, CONCUR 2017).
 */
export interface Events {
  /** Nodes per transaction. */
  readonly width: 1 | 2;
  /** Is the order of sessions part of the level? */
  readonly sessions: boolean;
  readonly realtime: boolean;
  readonly leave: (t: number) => number;
  /** Of session order and reads-from. */
  readonly arrive: (t: number) => number;
  readonly overwrite: (t: number) => number;
  readonly antiLeave: (t: number) => number;
  readonly antiArrive: (t: number) => number;
}

const same = (t: number): number => t;
const start = (t: number): number => 2 * t;
const commit = (t: number): number => 2 * t + 1;

const one = {
  width: 1,
  sessions: true,
  realtime: false,
  leave: same,
  arrive: same,
  overwrite: same,
  antiLeave: same,
  antiArrive: same,
} as const satisfies Events;

const two = {
  width: 2,
  sessions: true,
  realtime: false,
  leave: commit,
  arrive: start,
  overwrite: start,
  antiLeave: start,
  antiArrive: commit,
} as const satisfies Events;

export const serializable: Events = one;
export const repeatableRead: Events = { ...one, sessions: false };
export const strictSerializable: Events = { ...one, realtime: true };
export const snapshotIsolation: Events = two;
/** Who writes over whom is told by the commits alone: two concurrent transactions may write the same key. */
export const prefix: Events = { ...two, overwrite: commit };
