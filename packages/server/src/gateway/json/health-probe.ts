import { type KeyspaceId, type Outcome, type RequestId, ticks } from "@quorate/kernel/core";
import type { Caller, NodePort } from "../../host/index.ts";
import { alarmsOf, CORRUPT, NOSPACE, statusOf } from "../etcd/index.ts";

/** Whether the member is well, or what ails it in etcd's words. */
export type Ailment = string | null;

/** The first alarm that is not excluded by name. */
export function alarmAilment(
  port: NodePort,
  keyspace: KeyspaceId,
  excluded: ReadonlySet<string>,
): Ailment {
  for (const { alarm } of alarmsOf(port, keyspace)) {
    const name = alarm === NOSPACE ? "NOSPACE" : alarm === CORRUPT ? "CORRUPT" : "UNKNOWN";
    if (!excluded.has(name)) return `ALARM ${name}`;
  }
  return null;
}

export function leaderAilment(port: NodePort, keyspace: KeyspaceId): Ailment {
  return port.groupOf(keyspace)?.leader == null ? "RAFT NO LEADER" : null;
}

/** A read like any client's, confirmed by a quorum unless `serializable`; asks once and tells once. */
export class ReadProbe implements Caller {
  readonly #done: (ailment: Ailment) => void;

  private constructor(done: (ailment: Ailment) => void) {
    this.#done = done;
  }

  static start(
    port: NodePort,
    keyspace: KeyspaceId,
    serializable: boolean,
    timeoutMs: number,
    done: (ailment: Ailment) => void,
  ): void {
    const deadline = ticks(port.now() + timeoutMs);
    port.read(new ReadProbe(done), keyspace, serializable ? "local" : "readIndex", deadline);
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    this.#done(outcome.ok ? null : `RANGE ERROR:${statusOf(outcome).message}`);
  }

  onReadable(): void {
    this.#done(null);
  }
}
