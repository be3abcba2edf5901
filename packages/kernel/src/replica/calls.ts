import {
  ANSWER,
  encodeAnswer,
  type GroupId,
  type Machine,
  type Now,
  type Outcome,
  type Ticks,
} from "../core/index.ts";
import type { Proposals } from "./proposals.ts";
import type { ReplicaPort } from "./replica-port.ts";

/** After an outcome that decides nothing the call is submitted again, so long later. */
const REPEAT_TICKS = 200;

/**
 * The calls of a group's machine to other keyspaces, submitted by whoever leads the group: one at a time, again after silence, again by
 * the next leader. The callee knows a repeated call by the caller's group and its count, and applies it once.
 */
export class Calls {
  readonly #group: GroupId;
  readonly #proposals: Proposals;
  readonly #port: ReplicaPort;
  /** The call that was submitted by this leader, or whose answer is on its way into the log. */
  #submitted = 0;
  #repeatAt: Ticks | null = null;

  constructor(group: GroupId, proposals: Proposals, port: ReplicaPort) {
    this.#group = group;
    this.#proposals = proposals;
    this.#port = port;
  }

  get wakeAt(): Ticks | null {
    return this.#repeatAt;
  }

  /** Another leads, or leads again: it submits what is open, whatever was submitted before. */
  begin(): void {
    this.#submitted = 0;
    this.#repeatAt = null;
  }

  perform(machine: Machine, now: Now): void {
    const call = machine.call();
    if (call === null) {
      // Nothing to repeat: a time that has passed would wake this leader for ever.
      this.#repeatAt = null;
      return;
    }
    if (this.#repeatAt !== null && now.ticks >= this.#repeatAt) this.begin();
    if (this.#submitted === call.sequence) return;
    this.#submitted = call.sequence;
    this.#port.call(this.#group, call, (outcome) => this.#answered(call.sequence, outcome, now));
  }

  /** What the callee decided goes into the caller's log; what may or may not have happened is asked again. */
  #answered(sequence: number, outcome: Outcome, since: Now): void {
    if (this.#submitted !== sequence) return;
    if (outcome.ok || outcome.code === "Rejected")
      this.#proposals.own(ANSWER, encodeAnswer({ sequence, outcome }));
    // The answer's own entry may be lost with this leadership, so the call stays submitted only for so long.
    this.#repeatAt = (since.ticks + REPEAT_TICKS) as Ticks;
  }
}
