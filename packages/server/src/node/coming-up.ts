import { DEFAULT_KEYSPACE, SYSTEM_KEYSPACE, ticks } from "@quorate/kernel/core";
import type { NodePort } from "../host/index.ts";
import type { Membership } from "./membership.ts";

const READY_AGAIN_MILLIS = 50;
const READ_TICKS = 1000;
const PROMOTE_AGAIN_MILLIS = 500;
const PROMOTE_TICKS = 5000;

/** Watches a node come up: its readiness, and the promotion of one that joined. Both are asked for until they are so. */
export class ComingUp {
  /** Never rejects; stays open if the node is stopped before. */
  readonly ready: Promise<void>;
  readonly #port: NodePort;
  readonly #membership: Membership;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(port: NodePort, membership: Membership, promote: boolean) {
    this.#port = port;
    this.#membership = membership;
    this.ready = new Promise((resolve) => this.#askReady(resolve));
    if (promote) this.#promote();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** A learner serves no linearizable reads: it is ready once it follows a leader. */
  #askReady(resolve: () => void): void {
    if (this.#stopped) return;
    const again = (): void => this.#later(READY_AGAIN_MILLIS, () => this.#askReady(resolve));
    const group = this.#port.groupOf(DEFAULT_KEYSPACE);
    if (group === null || group.leader === null || !group.serving) return again();
    if (group.role === "learner") return resolve();
    const deadline = ticks(this.#port.now() + READ_TICKS);
    this.#port.read(
      { onReply: again, onReadable: resolve },
      DEFAULT_KEYSPACE,
      "readIndex",
      deadline,
    );
  }

  /** A node that joined is a learner; when it is in step its leader agrees to count its vote. */
  #promote(): void {
    if (this.#stopped) return;
    const self = this.#port.identity.node;
    const member = this.#port.status().members.find(({ node }) => node === self);
    if (member?.learner === false) return;
    const again = (): void => this.#later(PROMOTE_AGAIN_MILLIS, () => this.#promote());
    const follows = this.#port.groupOf(DEFAULT_KEYSPACE)?.serving === true;
    const led = this.#port.groupOf(SYSTEM_KEYSPACE)?.leader != null;
    if (member === undefined || !follows || !led) return again();
    const deadline = ticks(this.#port.now() + PROMOTE_TICKS);
    this.#membership.promoteMember(self, deadline, (outcome) => {
      if (!outcome.ok) again();
    });
  }

  #later(millis: number, act: () => void): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, millis);
    this.#timers.add(timer);
  }
}
