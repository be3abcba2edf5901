import { type Bytes, type Outcome, type RequestId, unreachable } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import type { WatchCaller } from "@quorate/server";
import type { ApiCaller, ApiPort } from "../api-port.ts";
import type { Mail } from "./mail.ts";
import { type FromNode, sharedMillis, type ToNode } from "./message.ts";

type Call = Exclude<ToNode, { readonly type: "LogTaken" | "Close" }>;

/** Serves the calls of another thread at a port of this one. Only ids are kept here, and only while something is under way. */
export class Service {
  readonly #port: ApiPort;
  readonly #mail: Mail<FromNode>;
  /** The port's ids by the caller's, of calls and watches alike. */
  readonly #ids = new Map<RequestId, RequestId>();

  constructor(port: ApiPort, mail: Mail<FromNode>) {
    this.#port = port;
    this.#mail = mail;
  }

  /** Calls and watches under way. */
  get size(): number {
    return this.#ids.size;
  }

  onCall(call: Call): void {
    switch (call.type) {
      case "Write": {
        const { id, kind, bytes } = call;
        this.#ids.set(id, this.#port.write(this.#remote(id), kind, bytes, remaining(call)));
        break;
      }
      case "Range":
        this.#ids.set(
          call.id,
          this.#port.range(this.#remote(call.id), call.bytes, remaining(call)),
        );
        break;
      case "Watch":
        this.#ids.set(call.id, this.#port.watch(this.#remote(call.id), call.bytes));
        break;
      case "Taken": {
        const id = this.#ids.get(call.id);
        if (id !== undefined) this.#port.taken(id, call.cost);
        break;
      }
      case "Cancel":
      case "Unwatch": {
        // It may have ended while this was in the mail.
        const id = this.#ids.get(call.id);
        this.#ids.delete(call.id);
        if (id === undefined) break;
        if (call.type === "Cancel") this.#port.cancel(id);
        else this.#port.unwatch(id);
        break;
      }
      default:
        unreachable(call);
    }
  }

  #remote(id: RequestId): Remote {
    return new Remote(id, this.#mail, this.#ids);
  }
}

/** Who asked, in the other thread. */
class Remote implements ApiCaller, WatchCaller {
  readonly #id: RequestId;
  readonly #mail: Mail<FromNode>;
  readonly #ids: Map<RequestId, RequestId>;

  constructor(id: RequestId, mail: Mail<FromNode>, ids: Map<RequestId, RequestId>) {
    this.#id = id;
    this.#mail = mail;
    this.#ids = ids;
  }

  onPart(_: RequestId, bytes: Bytes): void {
    this.#mail.put({ type: "Part", id: this.#id, bytes });
  }

  onReply(_: RequestId, outcome: Outcome): void {
    this.#ids.delete(this.#id);
    if (outcome.ok) this.#mail.put({ type: "Done", id: this.#id, bytes: outcome.value });
    else this.#mail.put({ type: "Failed", id: this.#id, outcome });
  }

  onWatching(_: RequestId, revision: number): void {
    this.#mail.put({ type: "Watching", id: this.#id, revision });
  }

  onEvents(_: RequestId, revision: number, bytes: Bytes): void {
    this.#mail.put({ type: "Events", id: this.#id, revision, bytes });
  }

  onWatchEnded(_: RequestId, ended: WatchEnd): void {
    this.#ids.delete(this.#id);
    this.#mail.put({ type: "WatchEnded", id: this.#id, ended });
  }
}

/** What the mail took of a call's time is gone. */
const remaining = (call: { readonly askedAt: number; readonly deadlineMillis: number }): number =>
  Math.max(1, call.deadlineMillis - (sharedMillis() - call.askedAt));
