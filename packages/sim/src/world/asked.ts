import { type RequestId, requestId } from "@quorate/kernel/core";
import type { NodeEffect } from "@quorate/kernel/replica";
import type { SimCache, SimCaller, SimWatcher } from "./node-parts.ts";

type Answer = Extract<
  NodeEffect,
  { readonly type: "Readable" | "Reply" | "Watching" | "Events" | "WatchEnded" | "Recall" }
>;

/** Who waits for what of a simulated node. Ids are never used twice, in whatever life. */
export class Asked {
  readonly #callers = new Map<RequestId, SimCaller>();
  readonly #watchers = new Map<RequestId, SimWatcher>();
  readonly #caches = new Map<RequestId, SimCache>();
  #requests = 1;

  caller(caller: SimCaller): RequestId {
    const id = requestId(this.#requests++);
    this.#callers.set(id, caller);
    return id;
  }

  watcher(watcher: SimWatcher): RequestId {
    const id = requestId(this.#requests++);
    this.#watchers.set(id, watcher);
    return id;
  }

  cache(cache: SimCache): RequestId {
    const id = requestId(this.#requests++);
    this.#caches.set(id, cache);
    return id;
  }

  answer(effect: Answer): void {
    switch (effect.type) {
      case "Readable":
        this.#take(effect.id)?.onReadable(effect.view, effect.leaseTicks);
        return;
      case "Reply":
        this.#take(effect.id)?.onReply(effect.outcome, effect.holders);
        return;
      case "Watching":
        this.#watchers.get(effect.id)?.onWatching(effect.revision);
        return;
      case "Events":
        for (const id of effect.watchers)
          this.#watchers.get(id)?.onEvents(effect.revision, effect.part);
        return;
      case "WatchEnded": {
        const watcher = this.#watchers.get(effect.id);
        this.#watchers.delete(effect.id);
        watcher?.onEnded(effect.ended);
        return;
      }
      case "Recall":
        this.#caches.get(effect.holder)?.onRecall(effect.key, effect.recall, effect.view);
        return;
    }
  }

  /** The node died: callers and caches learn nothing, watchers that their stream broke. */
  abandon(): void {
    this.#callers.clear();
    this.#caches.clear();
    for (const id of this.#watchers.keys()) {
      const failure = { code: "Stopped", definite: true } as const;
      this.answer({ type: "WatchEnded", id, ended: { type: "Lost", failure } });
    }
  }

  #take(id: RequestId): SimCaller | undefined {
    const caller = this.#callers.get(id);
    this.#callers.delete(id);
    return caller;
  }
}
