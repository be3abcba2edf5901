import type { Bytes, GroupId, JournalSeq, KeyspaceId, Lane, NodeId } from "@quorate/kernel/core";
import type { NodeEffect, PeerAddress, Snapshot, Space } from "@quorate/kernel/replica";
import type { LostFile } from "../lost/index.ts";

/** The parts that act for the host. It closes them in its own order. */
export interface HostParts {
  readonly journal: {
    readonly durable: JournalSeq;
    readonly space: Space;
    append(seq: JournalSeq, group: GroupId, kind: number, parts: readonly Bytes[]): void;
    flush(): void;
    /** A checkpoint begins to be written on the same disk, or is done. */
    beside(begins: boolean): void;
    retain(from: JournalSeq): void;
    close(): Promise<void>;
    counters(): Readonly<Record<string, number>>;
  };
  readonly checkpoints: {
    write(
      group: GroupId,
      from: Snapshot,
      covers: JournalSeq,
      durable: Promise<boolean>,
    ): Promise<boolean>;
    /** Deletes what there is of this group. Never rejects: what cannot be deleted is logged. */
    retire(group: GroupId): Promise<void>;
    retainable(from: JournalSeq): JournalSeq;
    close(): Promise<void>;
  };
  /** Writes that are about to be undone. */
  readonly lost: {
    write(lost: Extract<NodeEffect, { readonly type: "Export" }>): Promise<boolean>;
    filesOf(keyspace: KeyspaceId): readonly LostFile[];
    counters(): Readonly<Record<string, number>>;
    close(): Promise<void>;
  };
  readonly transport: {
    readonly counters: { flat(): Readonly<Record<string, number>> };
    send(to: NodeId, lane: Lane, parts: readonly Bytes[]): void;
    flush(): void;
    /** Resolves, with the reason, once this node must stop because another with its id is alive. */
    readonly twin: Promise<string>;
    /** Whether nobody else with this node's id answers at the address under which the members know it. */
    rollCall(address: string): Promise<boolean>;
    setPeers(peers: readonly PeerAddress[]): void;
    close(): Promise<void>;
  };
  readonly lock: { release(): Promise<void> };
}
