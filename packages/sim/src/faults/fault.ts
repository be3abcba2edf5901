import type { Dice } from "../world/dice.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";

/**
 * One thing that goes wrong. Nodes are named by their place in the world; all else is a number that was drawn beforehand,
 * so that a run can be told, cut down and repeated.
 */
export type Fault =
  // Processes.
  | { readonly type: "crash"; readonly node: number; readonly power: boolean }
  | { readonly type: "crashAll"; readonly power: boolean }
  | { readonly type: "crashLoop"; readonly node: number; readonly times: number }
  /** The machine is gone without a word: its peers keep half of their connections. */
  | { readonly type: "vanish"; readonly node: number }
  | { readonly type: "pause"; readonly node: number }
  | { readonly type: "pauseLeader" }
  /** A stalled event loop, over and over: short stops with little time between. */
  | { readonly type: "stutter"; readonly node: number; readonly stops: number }
  | { readonly type: "slowNode"; readonly node: number; readonly factor: number }
  // The network.
  | { readonly type: "partition"; readonly side: readonly number[] }
  | { readonly type: "isolateLeader" }
  | { readonly type: "oneWay"; readonly node: number; readonly inbound: boolean }
  | { readonly type: "cutPair"; readonly one: number; readonly other: number }
  /** Everybody sees the one in the middle; the two sides do not see each other. */
  | { readonly type: "bridge"; readonly middle: number }
  /** Each sees a majority, and no two the same one. */
  | { readonly type: "majorityRing" }
  | { readonly type: "flapping"; readonly node: number; readonly periodMillis: number }
  | { readonly type: "clog"; readonly node: number }
  | {
      readonly type: "slowLink";
      readonly one: number;
      readonly other: number;
      readonly micros: number;
    }
  | { readonly type: "farAway"; readonly node: number; readonly micros: number }
  /** Leaders are cut off in part, one after the other, soon after they were elected; the one before comes back then. */
  | { readonly type: "deposeAgain"; readonly luck: number }
  /** Whoever changes the voters is cut off as it begins, together with those that come in. */
  | { readonly type: "splitChange"; readonly luck: number }
  /** Whoever rebuilds a member is cut off as soon as that one knows of something committed. */
  | { readonly type: "isolateRebuilder"; readonly luck: number }
  /** The whole network is rough for a while. */
  | { readonly type: "rough"; readonly network: Partial<NetworkFaults> }
  // Disks.
  | { readonly type: "hangDisk"; readonly node: number }
  | { readonly type: "slowDisk"; readonly node: number; readonly factor: number }
  | { readonly type: "fullDisk"; readonly node: number }
  | { readonly type: "failSync"; readonly node: number }
  | { readonly type: "rotBit"; readonly node: number; readonly place: number }
  | {
      readonly type: "badSectors";
      readonly node: number;
      readonly place: number;
      readonly bytes: number;
    }
  | {
      readonly type: "misdirect";
      readonly node: number;
      readonly place: number;
      readonly other: number;
    }
  | {
      readonly type: "badCheckpoint";
      readonly node: number;
      readonly group: number;
      readonly both: boolean;
    }
  | { readonly type: "spoilHeader"; readonly node: number; readonly place: number }
  | { readonly type: "loseSegment"; readonly node: number; readonly place: number }
  | { readonly type: "loseJournal"; readonly node: number }
  /** A member is given the lead, and loses its journal when it has it. */
  | { readonly type: "loseLeader"; readonly node: number; readonly luck: number }
  /** Syncs say that they are done and are not; then power fails. */
  | { readonly type: "lieSync"; readonly node: number }
  /** All is lost, for good: the member is replaced by an empty one. */
  | { readonly type: "loseDisk"; readonly node: number }
  // Memory.
  | { readonly type: "flipMemory"; readonly node: number }
  // Clocks.
  | { readonly type: "drift"; readonly node: number; readonly ratePerMille: number }
  | { readonly type: "jump"; readonly node: number; readonly millis: number }
  | { readonly type: "freeze"; readonly node: number }
  | { readonly type: "jumpWall"; readonly node: number; readonly millis: number }
  // What an operator does at the worst time.
  | { readonly type: "moveLeader"; readonly node: number }
  | {
      readonly type: "changeMembers";
      readonly node: number;
      readonly how: "add" | "learner" | "remove" | "replace";
    }
  /** One member after the other is replaced, each as soon as its successor is in step. */
  | { readonly type: "replaceAgain"; readonly luck: number };

export type FaultType = Fault["type"];

/** When a fault strikes, in milliseconds after the clients have begun, and how long it lasts. */
export interface Episode {
  readonly at: number;
  readonly millis: number;
  readonly fault: Fault;
}

/** What faults are drawn for. */
export interface Shape {
  readonly nodes: number;
  /**
   * Those whose disk may lose what was durable: never so many that a majority of sound copies could be missing, or a
   * violation would be no bug (the atlas of TigerBeetle's simulator).
   */
  readonly frail: readonly number[];
  /** The network loses nothing and is quick, but for what faults do to it. */
  readonly calm: boolean;
  /** Leases are measured by clocks that differ by a bounded rate: faults beyond the bound are not drawn. */
  readonly boundedClocks: boolean;
}

/** The world as a fault finds it. */
export interface Field {
  readonly world: World;
  /** All is to heal now: nothing strikes any more, not even what was planned. */
  readonly over: boolean;
  /** The fault of this type took effect, so many times. */
  bite(type: FaultType, times?: number): void;
  /** This node is to stop by itself. */
  excuse(node: SimNode): void;
}

export interface FaultKind<F extends Fault> {
  readonly family: "node" | "network" | "disk" | "memory" | "clock" | "operator";
  /** Milliseconds. */
  readonly lasts: readonly [min: number, max: number];
  /** Null where this world cannot have it. */
  draw(dice: Dice, shape: Shape): F | null;
  /** Makes it happen, and plans its end. Does nothing where it cannot bite: a node that is down does not crash. */
  strike(field: Field, fault: F, millis: number): void;
}

export type KindOf<T extends FaultType> = FaultKind<Extract<Fault, { readonly type: T }>>;

export const nodeOf = ({ world }: Field, index: number): SimNode =>
  world.nodes[index % world.nodes.length] as SimNode;

/** The next blow of a fault that strikes several times. */
export const again = (field: Field, millis: number, strike: () => void): void =>
  later(field, millis, () => {
    if (!field.over) strike();
  });

/** Until the end of a fault, in milliseconds. */
export const later = ({ world }: Field, millis: number, end: () => void): void =>
  world.agenda.after(millis * 1000, end);

/** Brings a node back after so long, if nobody has before. */
export const bootLater = (field: Field, node: SimNode, millis: number): void =>
  later(field, millis, () => node.boot());
