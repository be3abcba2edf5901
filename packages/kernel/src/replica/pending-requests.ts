import type { GroupId, NodeId, Outcome, RequestId, Ticks } from "../core/index.ts";
import { Deadlines } from "./deadlines.ts";

export interface Pending {
  readonly group: GroupId;
  readonly since: Ticks;
  readonly type: "request" | "read" | "move";
  /** Set for a member change: the answer waits until the groups have changed too. */
  readonly membership: boolean;
  /** For a read that asks for a lease: on what, and for whom. */
  readonly cached: { readonly key: string; readonly holder: RequestId } | null;
  /** For a transfer of leadership: it has succeeded once this node leads. */
  readonly to: NodeId | null;
}

/** A member change that group 0 has made, and whose answer waits until the groups have followed to this epoch. */
interface Settling {
  readonly id: RequestId;
  readonly outcome: Outcome;
  readonly epoch: number;
}

/** Whoever waits for an answer of this node: each gets one, by its deadline. Bounded by the node's `pendingMax`. */
export class PendingRequests {
  readonly #pending = new Map<RequestId, Pending>();
  readonly #deadlines = new Deadlines();
  #settling: readonly Settling[] = [];

  get size(): number {
    return this.#pending.size;
  }

  get wakeAt(): Ticks | null {
    return this.#deadlines.wakeAt;
  }

  expect(id: RequestId, deadline: Ticks, pending: Pending): void {
    this.#pending.set(id, pending);
    this.#deadlines.add(id, deadline);
  }

  get(id: RequestId): Pending | null {
    return this.#pending.get(id) ?? null;
  }

  /** Ends the wait. False if nobody waits any more. */
  end(id: RequestId): boolean {
    return this.#pending.delete(id);
  }

  /** Holds the answer to a member change until `settled` says that the groups have reached its epoch. */
  hold(id: RequestId, outcome: Outcome, epoch: number): void {
    this.#settling = [...this.#settling, { id, outcome, epoch }];
  }

  /** Is any answer held? */
  get holds(): boolean {
    return this.#settling.length > 0;
  }

  /** The held answers whose epoch has been reached. */
  settled(reached: (epoch: number) => boolean): readonly Settling[] {
    if (this.#settling.length === 0) return [];
    const ready = this.#settling.filter(({ epoch }) => reached(epoch));
    this.#settling = this.#settling.filter((settling) => !ready.includes(settling));
    return ready.filter(({ id }) => this.end(id));
  }

  /** Those whose deadline has passed and who still wait. A held answer is let go: its change may yet be made. */
  overdue(now: Ticks): readonly RequestId[] {
    const due = this.#deadlines.take(now);
    if (due.length === 0) return due;
    const ids = due.filter((id) => this.#pending.has(id));
    if (ids.length > 0 && this.#settling.length > 0)
      this.#settling = this.#settling.filter(({ id }) => !ids.includes(id));
    return ids;
  }

  /** Whoever waits for this group. */
  of(group: GroupId): readonly RequestId[] {
    return [...this.#pending].filter(([, pending]) => pending.group === group).map(([id]) => id);
  }

  /** Transfers of this group's leadership to `leader`: they have succeeded. */
  movesTo(group: GroupId, leader: NodeId | null): readonly RequestId[] {
    const ids: RequestId[] = [];
    for (const [id, pending] of this.#pending) {
      if (pending.type === "move" && pending.group === group && pending.to === leader) ids.push(id);
    }
    return ids;
  }
}
