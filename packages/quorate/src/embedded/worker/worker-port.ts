import {
  type Bytes,
  type Failure,
  fail,
  type RequestId,
  requestId,
  succeed,
  ticks,
  unreachable,
} from "@quorate/kernel/core";
import type { WatchCaller } from "@quorate/server";
import type { ApiCaller, ApiPort } from "../api-port.ts";
import type { Status } from "../status.ts";
import type { Mail } from "./mail.ts";
import { type AnswerFromNode, sharedMillis, type ToNode } from "./message.ts";

/**
 * Calls under way at most, and their bytes: as many as a gateway lets in of puts (decision 0012), or a few large ones would hold up the
 * node.
 */
export const CALLS_MAX = 4096;
export const CALL_BYTES_MAX = 16 * 1024 * 1024;

const STOPPED: Failure = { code: "Stopped", definite: true };
const OVERLOADED: Failure = { code: "Overloaded", definite: true, retryAfterTicks: ticks(50) };

interface Asked {
  readonly caller: ApiCaller;
  readonly write: boolean;
  readonly bytes: number;
  readonly askedAt: number;
}

/**
 * The API's port to a node in another thread: says what is asked, and remembers who asked until the answer comes. A
 * write is answered with success only when the node's thread said so.
 */
export class WorkerPort implements ApiPort {
  readonly #mail: Mail<ToNode>;
  readonly #asked = new Map<RequestId, Asked>();
  #bytes = 0;
  /** Never sent, and told so in the next turn. */
  readonly #refused = new Map<RequestId, { readonly caller: ApiCaller; readonly why: Failure }>();
  readonly #watchers = new Map<RequestId, WatchCaller>();
  #nextId = 1;
  #refusing = false;
  #status: Status;

  constructor(mail: Mail<ToNode>, status: Status) {
    this.#mail = mail;
    this.#status = status;
  }

  write(caller: ApiCaller, kind: number, bytes: Bytes, deadlineMillis: number): RequestId {
    const { id, askedAt, sent } = this.#ask(caller, true, bytes.length);
    if (sent) this.#put({ type: "Write", id, kind, bytes, askedAt, deadlineMillis });
    return id;
  }

  range(caller: ApiCaller, bytes: Bytes, deadlineMillis: number): RequestId {
    const { id, askedAt, sent } = this.#ask(caller, false, bytes.length);
    if (sent) this.#put({ type: "Range", id, bytes, askedAt, deadlineMillis });
    return id;
  }

  cancel(id: RequestId): void {
    if (this.#settle(id) !== undefined) this.#put({ type: "Cancel", id });
    else this.#refused.delete(id);
  }

  watch(watcher: WatchCaller, bytes: Bytes): RequestId {
    const id = this.#newId();
    this.#watchers.set(id, watcher);
    this.#put({ type: "Watch", id, bytes });
    if (this.#refusing) setImmediate(() => this.#lose(id));
    return id;
  }

  unwatch(id: RequestId): void {
    if (this.#watchers.delete(id)) this.#put({ type: "Unwatch", id });
  }

  taken(id: RequestId, cost: number): void {
    if (this.#watchers.has(id)) this.#put({ type: "Taken", id, cost });
  }

  /** As the node last told: see `StatusByMail`. */
  status(): Status {
    return this.#status;
  }

  onAnswer(answer: AnswerFromNode): void {
    switch (answer.type) {
      case "Part":
        this.#asked.get(answer.id)?.caller.onPart(answer.id, answer.bytes);
        break;
      case "Done":
        this.#settle(answer.id)?.caller.onReply(answer.id, succeed(answer.bytes));
        break;
      case "Failed":
        this.#settle(answer.id)?.caller.onReply(answer.id, answer.outcome);
        break;
      case "Watching":
        this.#watchers.get(answer.id)?.onWatching(answer.id, answer.revision);
        break;
      case "Events":
        this.#watchers.get(answer.id)?.onEvents(answer.id, answer.revision, answer.bytes);
        break;
      case "WatchEnded": {
        const watcher = this.#watchers.get(answer.id);
        this.#watchers.delete(answer.id);
        watcher?.onWatchEnded(answer.id, answer.ended);
        break;
      }
      case "Status":
        this.#status = answer.status;
        break;
      default:
        unreachable(answer);
    }
  }

  /** The node stops: nothing more is asked of it, and who asks is told so; what is under way may still be answered. */
  refuse(): void {
    this.#refusing = true;
  }

  /** The node's thread has ended: a write without an answer may have happened, all else certainly did nothing. */
  abandon(): void {
    this.#refusing = true;
    for (const [id, { caller, write, askedAt }] of this.#asked) {
      this.#settle(id);
      caller.onReply(id, fail(write ? unknownSince(askedAt) : STOPPED));
    }
    for (const id of this.#watchers.keys()) this.#lose(id);
  }

  #ask(
    caller: ApiCaller,
    write: boolean,
    bytes: number,
  ): { readonly id: RequestId; readonly askedAt: number; readonly sent: boolean } {
    const id = this.#newId();
    const askedAt = sharedMillis();
    const why = this.#refusal(bytes);
    if (why === null) {
      this.#asked.set(id, { caller, write, bytes, askedAt });
      this.#bytes += bytes;
    } else {
      this.#refused.set(id, { caller, why });
      if (this.#refused.size === 1) setImmediate(() => this.#tellRefused());
    }
    return { id, askedAt, sent: why === null };
  }

  /** A single call beyond the bound in bytes is let in when it is alone. */
  #refusal(bytes: number): Failure | null {
    if (this.#refusing) return STOPPED;
    const crowded = this.#bytes > 0 && this.#bytes + bytes > CALL_BYTES_MAX;
    return crowded || this.#asked.size >= CALLS_MAX ? OVERLOADED : null;
  }

  #tellRefused(): void {
    const refused = [...this.#refused];
    this.#refused.clear();
    for (const [id, { caller, why }] of refused) caller.onReply(id, fail(why));
  }

  #newId(): RequestId {
    return requestId(this.#nextId++);
  }

  #put(message: ToNode): void {
    if (!this.#refusing) this.#mail.put(message);
  }

  #settle(id: RequestId): Asked | undefined {
    const asked = this.#asked.get(id);
    if (asked === undefined) return undefined;
    this.#asked.delete(id);
    this.#bytes -= asked.bytes;
    return asked;
  }

  #lose(id: RequestId): void {
    const watcher = this.#watchers.get(id);
    this.#watchers.delete(id);
    watcher?.onWatchEnded(id, { type: "Lost", failure: STOPPED });
  }
}

const unknownSince = (askedAt: number): Failure => ({
  code: "Timeout",
  definite: false,
  waitedTicks: ticks(Math.max(0, sharedMillis() - askedAt)),
});
