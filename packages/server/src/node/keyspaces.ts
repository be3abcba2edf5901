import { type Failure, type Outcome, SYSTEM_KEYSPACE, type Ticks } from "@quorate/kernel/core";
import { encodeSystemCommand, type Profiles, type SystemCommand } from "@quorate/kernel/replica";
import type { KeyspaceAdmin, KeyspaceChange } from "../gateway/index.ts";
import type { Caller, NodePort } from "../host/index.ts";

const INVALID_ARGUMENT = 3;

/** Changes of the keyspaces as commands on the system keyspace: each is answered when this node has applied it. */
export class Keyspaces implements KeyspaceAdmin {
  readonly #port: NodePort;
  readonly #profiles: Profiles;

  constructor(port: NodePort, profiles: Profiles) {
    this.#port = port;
    this.#profiles = profiles;
  }

  changeKeyspaces(
    change: KeyspaceChange,
    deadline: Ticks,
    done: (failure: Failure | null) => void,
  ): void {
    const command = this.#commandOf(change);
    if ("code" in command) {
      queueMicrotask(() => done(command));
      return;
    }
    const { kind, body } = encodeSystemCommand(command);
    this.#port.request(new Change(done), SYSTEM_KEYSPACE, kind, body, deadline);
  }

  #commandOf(change: KeyspaceChange): SystemCommand | Failure {
    switch (change.type) {
      case "create": {
        const { name, profile } = change;
        const known = this.#profiles.get(profile);
        if (known === undefined) {
          const names = [...this.#profiles.keys()].join(", ");
          const message = `there is no profile ${JSON.stringify(profile)}; there are ${names}`;
          return { code: "Rejected", definite: true, status: INVALID_ARGUMENT, message };
        }
        return {
          type: "createKeyspace",
          name,
          profile,
          fixed: known.fixedMembers,
          office: known.office !== null,
        };
      }
      case "expose":
        return { type: "exposeKeyspace", name: change.name, port: change.port };
      case "drop":
        return { type: "dropKeyspace", name: change.name };
    }
  }
}

class Change implements Caller {
  readonly #done: (failure: Failure | null) => void;

  constructor(done: (failure: Failure | null) => void) {
    this.#done = done;
  }

  onReply(_id: unknown, outcome: Outcome): void {
    this.#done(outcome.ok ? null : outcome);
  }

  onReadable(): void {
    throw new TypeError("a change of keyspaces is no read");
  }
}
