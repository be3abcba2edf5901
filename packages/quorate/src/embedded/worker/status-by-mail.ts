import { isDeepStrictEqual } from "node:util";
import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import type { NodePort } from "@quorate/server";
import { type Status, statusOf } from "../status.ts";
import type { Mail } from "./mail.ts";
import type { FromNode } from "./message.ts";

/** How often a change of the status is looked for where there is no mail: so old may be what the other thread knows. */
export const STATUS_MILLIS = 100;

/** Tells the other thread the node's status whenever it was found to have changed. */
export class StatusByMail {
  readonly #node: NodePort;
  readonly #mail: Mail<FromNode>;
  #told: Status;

  constructor(node: NodePort, mail: Mail<FromNode>) {
    this.#node = node;
    this.#mail = mail;
    this.#told = statusOf(node);
  }

  get told(): Status {
    return this.#told;
  }

  /** Before mail leaves, so that no answer is newer than the status: who leads, and in which term. */
  look(): void {
    const group = this.#node.groupOf(DEFAULT_KEYSPACE);
    const { role, leader, term } = this.#told;
    const same = group?.role === role && group.leader === leader && group.term === term;
    if (!same) this.lookClosely();
  }

  /** From time to time: the members as well. */
  lookClosely(): void {
    const status = statusOf(this.#node);
    if (isDeepStrictEqual(status, this.#told)) return;
    this.#told = status;
    this.#mail.put({ type: "Status", status });
  }
}
