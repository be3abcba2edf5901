import type {
  Bytes,
  Call,
  Failure,
  GroupId,
  JournalSeq,
  Lane,
  Machine,
  NodeId,
  Outcome,
  Petition,
  RequestId,
  Ticks,
} from "../core/index.ts";
import type { Obstacle } from "./proposals.ts";
import type { Replica } from "./replica.ts";
import type { NodeEffect, Snapshot } from "./seam.ts";

/** Something that an operator wants to read in the log. */
export type Note = Extract<NodeEffect, { type: "Note" }>;

/** What a replica asks of its node, inside a turn. */
export interface ReplicaPort {
  /** Appends to the journal; the sequence tells when it is durable. */
  persist(replica: Replica, bytes: Bytes): JournalSeq;
  /** `after`: leave once that is durable. */
  send(to: NodeId, lane: Lane, group: GroupId, kind: number, bytes: Bytes, after: JournalSeq): void;
  /** `holders`: how many voters surely hold it, where that was asked for. */
  outcome(id: RequestId, outcome: Outcome, holders?: number): void;
  readable(id: RequestId, machine: Machine, validUntil: Ticks | null): void;
  events(ids: readonly RequestId[], revision: number, part: Bytes): void;
  watchCompacted(id: RequestId, compactRevision: number): void;
  /** All watches of this group end: its machine was replaced, or stopped serving. */
  watchesLost(group: GroupId, failure: Failure): void;
  checkpoint(replica: Replica, snapshot: Snapshot, covers: JournalSeq): void;
  note(level: Note["level"], event: string, fields: Note["fields"]): void;
  /** The machine changed, or the role did: what follows from this group's state must be looked at again. */
  changed(replica: Replica): void;
  /** A number for internal requests and transfers, never used twice in this life of the node. */
  nextId(): RequestId;
  lastSeq(): JournalSeq;
  /** Submits a call of this group to another keyspace. `done` is told its outcome, in a later turn. */
  call(from: GroupId, call: Call, done: (outcome: Outcome) => void): void;
  /** Is there a link to this node, and word from it lately? */
  isUp(node: NodeId): boolean;
  /** What a primary asks of the system keyspace. */
  petition(group: GroupId, version: number, petition: Petition): void;
  /** Of what was lost the host hears directly. */
  ask(effect: Extract<NodeEffect, { type: "Export" | "Undone" | "Recall" }>): void;
  obstacleTo(group: GroupId, kind: number, envelope: Bytes): Obstacle | null;
}
