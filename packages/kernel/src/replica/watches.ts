import type { Bytes, Failure, GroupId, KeyspaceId, RequestId } from "../core/index.ts";
import type { Groups } from "./groups.ts";
import type { Replica } from "./replica.ts";
import { unknownKeyspace } from "./router.ts";
import type { NodeEffect } from "./seam.ts";

type WatchEffect = Extract<NodeEffect, { type: "Watching" | "WatchEnded" }>;

/** Which watch is served by which group of this node. The machines hold the watchers; this finds them. */
export class Watches {
  readonly #served = new Map<RequestId, GroupId>();
  readonly #groups: Groups;

  constructor(groups: Groups) {
    this.#groups = groups;
  }

  open(id: RequestId, keyspace: KeyspaceId, body: Bytes): WatchEffect {
    const replica = this.#groups.of(keyspace);
    if (replica === null) return lost(id, unknownKeyspace(keyspace));
    const watches = replica.machine.watches;
    if (watches === null || !replica.serving) return lost(id, { code: "NoLeader", definite: true });
    const opened = watches.watch(id, body);
    if ("refused" in opened)
      return { type: "WatchEnded", id, ended: { type: "Refused", reason: opened.refused } };
    this.#served.set(id, replica.group);
    return { type: "Watching", id, revision: opened.revision };
  }

  close(id: RequestId): void {
    this.#replica(id)?.machine.watches?.unwatch(id);
    this.#served.delete(id);
  }

  stall(id: RequestId): void {
    this.#replica(id)?.machine.watches?.stall(id);
  }

  /** Gives the replica that now has something to say again. */
  drain(id: RequestId): Replica | null {
    const replica = this.#replica(id);
    replica?.machine.watches?.drain(id);
    return replica;
  }

  compacted(id: RequestId, compactRevision: number): WatchEffect {
    this.#served.delete(id);
    return { type: "WatchEnded", id, ended: { type: "Compacted", compactRevision } };
  }

  /** Ends all watches of a group. */
  lose(group: GroupId, failure: Failure): readonly WatchEffect[] {
    const watches = this.#groups.get(group)?.machine.watches;
    const ids = [...this.#served].filter(([, watched]) => watched === group).map(([id]) => id);
    for (const id of ids) {
      watches?.unwatch(id);
      this.#served.delete(id);
    }
    return ids.map((id) => lost(id, failure));
  }

  #replica(id: RequestId): Replica | null {
    const group = this.#served.get(id);
    return group === undefined ? null : this.#groups.get(group);
  }
}

const lost = (id: RequestId, failure: Failure): WatchEffect => ({
  type: "WatchEnded",
  id,
  ended: { type: "Lost", failure },
});
