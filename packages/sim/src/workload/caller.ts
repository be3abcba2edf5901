import {
  type Acks,
  type Bytes,
  DEFAULT_KEYSPACE,
  type KeyspaceId,
  type Machine,
  type Outcome,
  type ReadLevel,
} from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import { readKey } from "./clients.ts";
import { putRequest } from "./etcd-requests.ts";

/** How a call ended for its caller: silence, where the node died before it answered. */
export type Answer = Outcome | "silence";
/** How a write ended that asked for a level, and how many held it. */
export type Held = Outcome & { readonly holders: number | null };
/** What a read saw: the key's value, null where there is none; or why it saw nothing. */
export type Seen = { readonly value: string | null } | Exclude<Answer, { readonly ok: true }>;

/** One client that does one thing after the other: each call lets the world go on until its answer is there. */
export class Caller {
  readonly #world: World;
  readonly #patienceMillis: number;

  constructor(world: World, patienceMillis = 5000) {
    this.#world = world;
    this.#patienceMillis = patienceMillis;
  }

  put(node: SimNode, key: string, value: string): Answer {
    return this.request(node, EtcdKind.put, putRequest(key, value));
  }

  /** A write that so many are to hold: how many did, where it succeeded. */
  putAt(
    node: SimNode,
    key: string,
    value: string,
    acks: Acks,
    keyspace: KeyspaceId = DEFAULT_KEYSPACE,
  ): Held | "silence" {
    let answer: Held | null = null;
    const caller = {
      onReply: (outcome: Outcome, holders: number | null) =>
        void (answer = { ...outcome, holders }),
      onReadable: () => {},
    };
    const body = putRequest(key, value);
    node.request(caller, keyspace, EtcdKind.put, body, this.#patienceMillis, null, acks);
    this.#wait(() => answer !== null);
    return answer ?? "silence";
  }

  /** The same, without waiting for its answer. */
  start(
    node: SimNode,
    key: string,
    value: string,
    acks: Acks,
    onEnd: (ok: boolean, holders: number | null) => void,
  ): void {
    const caller = {
      onReply: ({ ok }: Outcome, holders: number | null) => onEnd(ok, holders),
      onReadable: () => {},
    };
    const patience = 4 * this.#patienceMillis;
    node.request(
      caller,
      DEFAULT_KEYSPACE,
      EtcdKind.put,
      putRequest(key, value),
      patience,
      null,
      acks,
    );
  }

  request(
    node: SimNode,
    kind: number,
    body: Bytes,
    session: { readonly id: bigint; readonly sequence: number } | null = null,
    keyspace: KeyspaceId = DEFAULT_KEYSPACE,
  ): Answer {
    let answer: Answer | null = null;
    const caller = { onReply: (outcome: Outcome) => void (answer = outcome), onReadable: () => {} };
    node.request(caller, keyspace, kind, body, this.#patienceMillis, session);
    this.#wait(() => answer !== null);
    return answer ?? "silence";
  }

  get(
    node: SimNode,
    key: string,
    level: ReadLevel = "readIndex",
    keyspace: KeyspaceId = DEFAULT_KEYSPACE,
  ): Seen {
    let seen: Seen | null = null;
    const caller = {
      onReply: (outcome: Outcome) => void (seen = outcome.ok ? "silence" : outcome),
      onReadable: (view: Machine) =>
        void (seen = { value: view instanceof EtcdMachine ? readKey(view, key) : null }),
    };
    node.read(caller, keyspace, level, this.#patienceMillis);
    this.#wait(() => seen !== null);
    return seen ?? "silence";
  }

  #wait(answered: () => boolean): void {
    this.#world.until(answered, 2 * this.#patienceMillis);
  }
}
