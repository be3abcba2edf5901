import {
  type Bytes,
  fail,
  type Machine,
  type Outcome,
  type RequestId,
  succeed,
} from "@quorate/kernel/core";
import { EtcdMachine, isRejected, type RangeCursor } from "@quorate/kernel/etcd";
import { type Caller, encode, messages } from "@quorate/server";
import type { ApiCaller } from "./api-port.ts";

/** About as much is read in one go: a few milliseconds' work. */
const SLICE_BYTES = 256 * 1024;

/**
 * A range from the confirmation of its state to its last piece. The first slice is read in the turn of the
 * confirmation; later ones go on from a fork of what that saw, with turns of the event loop between.
 */
export class RangeReading implements Caller {
  readonly #caller: ApiCaller;
  readonly #body: Bytes;
  readonly #onOver: (id: RequestId) => void;
  #cursor: RangeCursor | null = null;
  #next: NodeJS.Immediate | null = null;

  constructor(caller: ApiCaller, body: Bytes, onOver: (id: RequestId) => void) {
    this.#caller = caller;
    this.#body = body;
    this.#onOver = onOver;
  }

  onReply(id: RequestId, outcome: Outcome): void {
    this.#onOver(id);
    this.#caller.onReply(id, outcome);
  }

  onReadable(id: RequestId, view: Machine): void {
    if (!(view instanceof EtcdMachine)) {
      throw new TypeError("the default keyspace is no etcd keyspace");
    }
    const cursor = view.openRange(this.#body);
    if (isRejected(cursor)) {
      this.onReply(id, fail(cursor));
      return;
    }
    this.#cursor = cursor;
    this.#step(id, cursor);
  }

  /** Nobody wants the rest. */
  stop(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    this.#cursor?.release();
  }

  #step(id: RequestId, cursor: RangeCursor): void {
    const more = cursor.next(SLICE_BYTES, { put: (part) => this.#caller.onPart(id, part) });
    if (more) {
      this.#next = setImmediate(() => this.#step(id, cursor));
      return;
    }
    cursor.release();
    this.onReply(id, succeed(closing(cursor)));
  }
}

/** What a RangeResponse has besides its keys: fields may come in any order, and in pieces. */
const closing = ({ revision, count, more }: RangeCursor): Bytes =>
  encode(messages.RangeResponse, {
    header: { cluster_id: 0n, member_id: 0n, revision: BigInt(revision), raft_term: 0n },
    count: BigInt(count),
    more,
  });
