import type { Cluster, Member, Subject } from "../cluster/index.ts";
import type { Dice } from "../dice.ts";
import type { SmallDisk } from "../disk/index.ts";
import type { Network } from "../network/index.ts";

/**
 * One thing that goes wrong, in the words of the simulator. Members are named by their place; all else is a number that was drawn
 * beforehand, so that a run can be told and repeated.
 */
export type Fault =
  // Processes: SIGKILL, SIGSTOP and SIGCONT.
  | { readonly type: "crash"; readonly node: number }
  | { readonly type: "crashLeader" }
  | { readonly type: "crashAll" }
  | { readonly type: "crashLoop"; readonly node: number; readonly times: number }
  | { readonly type: "pause"; readonly node: number }
  | { readonly type: "pauseLeader" }
  /** Short stops with little time between. */
  | { readonly type: "stutter"; readonly node: number; readonly stops: number }
  // The network between members.
  | { readonly type: "partition"; readonly side: readonly number[] }
  | { readonly type: "isolateLeader" }
  | { readonly type: "oneWay"; readonly node: number; readonly inbound: boolean }
  | { readonly type: "cutPair"; readonly one: number; readonly other: number }
  /** Everybody sees the one in the middle; the two sides do not see each other. */
  | { readonly type: "bridge"; readonly middle: number }
  /** Each sees a majority, and no two the same one. */
  | { readonly type: "majorityRing" }
  | { readonly type: "flapping"; readonly node: number; readonly periodMillis: number }
  | { readonly type: "clog"; readonly node: number; readonly bytesPerSecond: number }
  | { readonly type: "lossy"; readonly perMille: number }
  | { readonly type: "slowLinks"; readonly millis: number }
  | { readonly type: "duplicating"; readonly perMille: number }
  | { readonly type: "reordering"; readonly perMille: number }
  // Disks.
  | { readonly type: "hangDisk"; readonly node: number }
  | { readonly type: "slowDisk"; readonly node: number; readonly frozenMillis: number }
  | { readonly type: "fullDisk"; readonly node: number; readonly leaving: number }
  | { readonly type: "rotBit"; readonly node: number; readonly place: number }
  // Clocks.
  | { readonly type: "jumpWall"; readonly node: number; readonly offsetMillis: number }
  // What an operator does at the worst time.
  | { readonly type: "moveLeader"; readonly node: number };

export type FaultType = Fault["type"];
export type Family = "process" | "network" | "disk" | "clock" | "operator";

/** When a fault strikes, in milliseconds after the clients have begun, and how long it lasts. */
export interface Episode {
  readonly at: number;
  readonly millis: number;
  readonly fault: Fault;
}

/** What faults are drawn for. */
export interface Shape {
  readonly nodes: number;
  /** The one member whose disk may lose what was durable: with more, a loss of acknowledged writes would be no bug. */
  readonly frail: number;
}

/** The cluster as a fault finds it. */
export interface Field {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly subject: Subject;
  /** By member; empty where there are none. */
  readonly disks: readonly SmallDisk[];
  /** Why there are none; null where there are. */
  readonly disksMissing: string | null;
  /** No fault goes on behind it. */
  readonly until: AbortSignal;
}

/** How often a fault took effect, and what is worth telling of it. */
export interface Bite {
  readonly times: number;
  readonly note: string;
}

export const noBite = (note: string): Bite => ({ times: 0, note });

export interface FaultKind<F extends Fault> {
  readonly family: Family;
  /** Milliseconds. */
  readonly lasts: readonly [min: number, max: number];
  /** Null where such a cluster cannot have it. */
  draw(dice: Dice, shape: Shape): F | null;
  /** Why it cannot be made to happen here; null where it can. */
  missing(field: Field): string | null;
  /** Makes it happen and heals it after so long, or when the field ends. Where it rejects, the nemesis is broken, not the cluster. */
  strike(field: Field, fault: F, millis: number): Promise<Bite>;
}

export type KindOf<T extends FaultType> = FaultKind<Extract<Fault, { readonly type: T }>>;

export const memberOf = ({ cluster }: Field, index: number): Member =>
  cluster.members[index % cluster.members.length] as Member;

export const indexes = ({ cluster }: Field): readonly number[] =>
  cluster.members.map(({ index }) => index);

export const othersOf = (field: Field, ...some: readonly number[]): readonly number[] =>
  indexes(field).filter((index) => !some.includes(index));
