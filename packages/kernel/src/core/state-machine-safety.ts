import type { LogIndex, NodeId } from "./ids.ts";
import type { EntryKind } from "./seam.ts";

/** What an omniscient observer found broken, in words; null when all is well. */
export type Violation = string;

/** What tells one entry from another. */
export interface Digest {
  readonly epoch: number;
  readonly kind: EntryKind;
  /** Of the command. */
  readonly checksum: number;
}

/**
 * What every log protocol promises (Raft Figure 3: State Machine Safety; agreement in Paxos; total order in ZAB): no two replicas
 * ever hand out different entries at an index. `committed` holds a digest of what was handed out at each index so far.
 */
export function stateMachineSafety(
  committed: Map<LogIndex, Digest>,
  index: LogIndex,
  digest: Digest,
  self: NodeId,
): Violation | null {
  const known = committed.get(index);
  if (known === undefined) committed.set(index, digest);
  const { epoch, kind, checksum } = digest;
  return known === undefined ||
    (known.epoch === epoch && known.kind === kind && known.checksum === checksum)
    ? null
    : `State Machine Safety: ${self} committed ${textOf(digest)} at ${index}, another committed ${textOf(known)}`;
}

const textOf = ({ epoch, kind, checksum }: Digest): string => `${epoch}/${kind}/${checksum}`;
