import type { Bytes, RequestId } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import type { WatchCaller } from "../../host/index.ts";
import type { WatchCreateRequest } from "../messages/index.ts";
import type { MessageOf } from "../protobuf/index.ts";

/** What a watcher tells its stream. */
export interface WatcherOwner {
  /** The answer to its creation is known. */
  onSettled(): void;
  onWatcherEvents(watcher: Watcher, revision: number, part: Bytes): void;
  onWatcherEnded(watcher: Watcher, ended: WatchEnd): void;
}

interface Held {
  readonly revision: number;
  readonly part: Bytes;
}

/**
 * One watcher of a stream. Its `created` reply is owed in the order of the requests and precedes everything else
 * that is said of it, so what the kernel says earlier is held here until `announce`.
 */
export class Watcher implements WatchCaller {
  /** Chosen by the client or, from 0 upward, by the stream. */
  readonly watchId: bigint;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  readonly startRevision: number;
  /** Of its request, which stays for as long as it watches. */
  readonly requestBytes: number;
  /** What the kernel knows the watch by; null until it was asked. */
  id: RequestId | null = null;
  /** The store's revision when the watch opened; null until then, and for one that never will. */
  openedAt: number | null = null;
  /** Why it ended, where that came before its `created` reply could be sent. */
  endedEarly: WatchEnd | null = null;
  announced = false;
  /** Whether events went out since the last progress tick: then the tick is skipped. */
  eventful = false;
  readonly #owner: WatcherOwner;
  #held: Held[] = [];

  constructor(
    owner: WatcherOwner,
    watchId: bigint,
    create: MessageOf<typeof WatchCreateRequest>,
    requestBytes: number,
  ) {
    this.#owner = owner;
    this.requestBytes = requestBytes;
    this.watchId = watchId;
    this.progressNotify = create.progress_notify;
    this.fragment = create.fragment;
    this.startRevision = Number(create.start_revision);
  }

  /** Whether its `created` reply can be written. */
  get settled(): boolean {
    return this.openedAt !== null || this.endedEarly !== null;
  }

  onWatching(_id: RequestId, revision: number): void {
    this.openedAt = revision;
    this.#owner.onSettled();
  }

  onEvents(_id: RequestId, revision: number, part: Bytes): void {
    if (this.announced) this.#owner.onWatcherEvents(this, revision, part);
    else this.#held.push({ revision, part });
  }

  onWatchEnded(_id: RequestId, ended: WatchEnd): void {
    if (this.announced) {
      this.#owner.onWatcherEnded(this, ended);
      return;
    }
    this.endedEarly = ended;
    this.#owner.onSettled();
  }

  /** The `created` reply is written: what was held follows. */
  announce(): void {
    this.announced = true;
    const held = this.#held;
    this.#held = [];
    for (const { revision, part } of held) this.#owner.onWatcherEvents(this, revision, part);
    if (this.endedEarly !== null) this.#owner.onWatcherEnded(this, this.endedEarly);
  }
}
