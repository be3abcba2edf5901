import type { Bytes, Machine, NodeId, Outcome } from "@quorate/kernel/core";
import type { Bootstrap, Identity, NodeOptions, Self, WatchEnd } from "@quorate/kernel/replica";
import type { ClockFault } from "./clock.ts";
import type { Disk } from "./disk.ts";
import type { SimNode } from "./sim-node.ts";

/** Who waits for an answer inside the world. */
export interface SimCaller {
  /** `holders`: see `Reply`. */
  onReply(outcome: Outcome, holders: number | null): void;
  onReadable(view: Machine, leaseTicks: number | null): void;
}

/** A cache of a client, as a node sees it. */
export interface SimCache {
  /** To be dropped as this view has it, and to be answered with `returned`. */
  onRecall(key: string, recall: number, view: Machine): void;
}

export interface SimWatcher {
  onWatching(revision: number): void;
  onEvents(revision: number, part: Bytes): void;
  /** Nothing follows. `Lost` also where the node died. */
  onEnded(ended: WatchEnd): void;
}

/** What a world knows of a node when it starts one. */
export interface SimNodeParts {
  readonly id: NodeId;
  readonly name: string;
  readonly identity: Omit<Identity, "start">;
  readonly self: Self;
  readonly bootstrap: Bootstrap;
  readonly options: NodeOptions;
  readonly disk: Disk;
  readonly clock: ClockFault;
}

/** What observers are told, in the order in which it happens. */
export interface NodeObserver {
  turned(node: SimNode): void;
  spun(node: SimNode, turns: number): void;
  started(node: SimNode): void;
  halted(node: SimNode, reason: string): void;
  noted(node: SimNode, event: string): void;
}
