import type { Now } from "../core/index.ts";
import type { Bootstrap } from "./birth.ts";
import { Births } from "./births.ts";
import { Node } from "./node.ts";
import type { NodeOptions } from "./options.ts";
import type { Identity, RecoveredNode } from "./seam.ts";
import type { Self } from "./steward.ts";

/** What a node is started with, beside its options. */
export interface Start {
  readonly identity: Identity;
  readonly self: Self;
  /** Ignored where the disk knows the cluster already. */
  readonly bootstrap: Bootstrap;
  readonly recovered: RecoveredNode;
  /** Makes election time-outs differ between nodes; another in every life. */
  readonly seed: bigint;
}

/**
 * A node from what its disk kept. The first turn must follow, with any inputs or none: it carries the effects of
 * recovery. Throws `Malformed` where a checkpoint or record that passed its checksum cannot be read.
 */
export function startNode(
  { identity, self, bootstrap, recovered, seed }: Start,
  options: NodeOptions,
  now: Now,
): Node {
  return new Node(
    identity,
    self,
    options,
    new Births(identity, bootstrap, recovered, options, seed),
    recovered.lastSeq,
    now,
  );
}
