import {
  type Bytes,
  DEFAULT_KEYSPACE,
  type Outcome,
  type RequestId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import type { Caller, NodePort, WatchCaller } from "@quorate/server";
import type { ApiCaller, ApiPort } from "./api-port.ts";
import { RangeReading } from "./range-reading.ts";
import { type Status, statusOf } from "./status.ts";
import { WatchFlow } from "./watch-flow.ts";

/** The API's port to a node in the same thread. */
export class ThreadPort implements ApiPort {
  readonly #node: NodePort;
  readonly #ranges = new Map<RequestId, RangeReading>();
  readonly #flows = new Map<RequestId, WatchFlow>();

  constructor(node: NodePort) {
    this.#node = node;
  }

  write(caller: ApiCaller, kind: number, body: Bytes, deadlineMillis: number): RequestId {
    const deadline = this.#deadline(deadlineMillis);
    return this.#node.request(new Writing(caller), DEFAULT_KEYSPACE, kind, body, deadline);
  }

  range(caller: ApiCaller, body: Bytes, deadlineMillis: number): RequestId {
    const reading = new RangeReading(caller, body, (id) => void this.#ranges.delete(id));
    const deadline = this.#deadline(deadlineMillis);
    const id = this.#node.read(reading, DEFAULT_KEYSPACE, "readIndex", deadline);
    this.#ranges.set(id, reading);
    return id;
  }

  cancel(id: RequestId): void {
    this.#node.cancel(id);
    this.#ranges.get(id)?.stop();
    this.#ranges.delete(id);
  }

  watch(watcher: WatchCaller, body: Bytes): RequestId {
    const flow = new WatchFlow(this.#node, watcher, (id) => void this.#flows.delete(id));
    const id = this.#node.watch(flow, DEFAULT_KEYSPACE, body);
    this.#flows.set(id, flow);
    return id;
  }

  unwatch(id: RequestId): void {
    this.#flows.delete(id);
    this.#node.unwatch(id);
  }

  taken(id: RequestId, cost: number): void {
    this.#flows.get(id)?.taken(id, cost);
  }

  status(): Status {
    return statusOf(this.#node);
  }

  #deadline(millis: number): Ticks {
    return ticks(this.#node.now() + Math.max(1, Math.ceil(millis)));
  }
}

class Writing implements Caller {
  readonly #caller: ApiCaller;

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  onReply(id: RequestId, outcome: Outcome): void {
    this.#caller.onReply(id, outcome);
  }

  /** Only who asked to read is told that. */
  onReadable(): void {}
}
