import {
  type NodeId,
  nodeId,
  type Outcome,
  type RequestId,
  SYSTEM_KEYSPACE,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import type { ClusterAdmin, MemberCallback } from "../gateway/index.ts";
import { type Caller, type NodePort, random63 } from "../host/index.ts";

/** Member changes as commands on the system keyspace: each is answered when the groups have followed. */
export class Membership implements ClusterAdmin {
  readonly #port: NodePort;

  constructor(port: NodePort) {
    this.#port = port;
  }

  /** The cluster draws the id; the member learns it when it joins from that address. */
  addMember(
    peerUrls: readonly string[],
    learner: boolean,
    deadline: Ticks,
    done: MemberCallback,
  ): void {
    const peerAddress = addressOf(peerUrls);
    this.#submit(
      { type: "addNode", node: nodeId(random63()), name: "", peerAddress, learner },
      deadline,
      done,
    );
  }

  removeMember(node: NodeId, deadline: Ticks, done: MemberCallback): void {
    this.#submit({ type: "removeNode", node }, deadline, done);
  }

  updateMember(
    node: NodeId,
    peerUrls: readonly string[],
    deadline: Ticks,
    done: MemberCallback,
  ): void {
    const peerAddress = addressOf(peerUrls);
    const command: SystemCommand = {
      type: "updateNode",
      node,
      name: null,
      peerAddress,
      clientAddresses: null,
      version: null,
    };
    this.#submit(command, deadline, done);
  }

  promoteMember(node: NodeId, deadline: Ticks, done: MemberCallback): void {
    this.#submit({ type: "promoteNode", node }, deadline, done);
  }

  /** A node that asks to be let in; asked again from the same address it gets the same id. */
  admit(node: NodeId, name: string, peerAddress: string, waitTicks: number): Promise<NodeId> {
    const deadline = ticks(this.#port.now() + waitTicks);
    return new Promise((resolve, reject) => {
      this.#submit(
        { type: "addNode", node, name, peerAddress, learner: true },
        deadline,
        (outcome) => {
          if (outcome.ok) resolve(outcome.member);
          else
            reject(
              new Error("message" in outcome ? outcome.message : `not admitted: ${outcome.code}`),
            );
        },
      );
    });
  }

  /**
   * Asked after a confirmed read: group 0 may be asleep, and its leader, having heard nobody for a while, would take
   * members that live for ones that do not and refuse the change.
   */
  #submit(command: SystemCommand, deadline: Ticks, done: MemberCallback): void {
    const { kind, body } = encodeSystemCommand(command);
    const ask = (): void => {
      this.#port.request(new MemberCall(done), SYSTEM_KEYSPACE, kind, body, deadline);
    };
    this.#port.read(new Confirmation(ask, done), SYSTEM_KEYSPACE, "readIndex", deadline);
  }
}

/** A read for the sake of the round of messages that confirms it. */
class Confirmation implements Caller {
  readonly #confirmed: () => void;
  readonly #failed: MemberCallback;

  constructor(confirmed: () => void, failed: MemberCallback) {
    this.#confirmed = confirmed;
    this.#failed = failed;
  }

  /** Nothing was asked of the cluster yet, so even a time-out is no unknown outcome. */
  onReply(_id: RequestId, outcome: Outcome): void {
    if (outcome.ok) return;
    const { code } = outcome;
    this.#failed(code === "Timeout" ? { ok: false, code: "NoLeader", definite: true } : outcome);
  }

  onReadable(): void {
    this.#confirmed();
  }
}

class MemberCall implements Caller {
  readonly #done: MemberCallback;

  constructor(done: MemberCallback) {
    this.#done = done;
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    if (!outcome.ok) return this.#done(outcome);
    const { value } = outcome;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    this.#done({ ok: true, member: nodeId(view.getBigUint64(0, true)) });
  }

  onReadable(): void {
    throw new TypeError("a member change is no read");
  }
}

/** The gateway has checked the URLs; a member has one peer address, so the first counts. */
function addressOf(peerUrls: readonly string[]): string {
  return (peerUrls[0] ?? "").replace(/^[a-z]+:\/\//, "").replace(/\/$/, "");
}
