import type { Bytes, Outcome, RequestId } from "@quorate/kernel/core";
import type { WatchCaller } from "@quorate/server";
import type { Status } from "./status.ts";

/** One object per call. `onReply` is called once, and nothing follows it. */
export interface ApiCaller {
  /** A piece of the answer to a range, in order; the outcome's value is the last piece. */
  onPart(id: RequestId, part: Bytes): void;
  onReply(id: RequestId, outcome: Outcome): void;
}

/**
 * All that the embedded API asks of its node: the narrow waist between `Kv`, `Leases` and `Watch`, which know no
 * threads, and a node in the caller's thread or in a worker. Bodies and answers are encoded messages of etcd's API.
 * Answers come from a later turn of the event loop, never from inside the call.
 */
export interface ApiPort {
  /** Puts a command through the log. */
  write(caller: ApiCaller, kind: number, body: Bytes, deadlineMillis: number): RequestId;
  /** Reads a RangeRequest's keys, linearizably: the pieces together are a RangeResponse. */
  range(caller: ApiCaller, body: Bytes, deadlineMillis: number): RequestId;
  /** No answer is wanted any more; the caller is not called again. */
  cancel(id: RequestId): void;
  watch(watcher: WatchCaller, body: Bytes): RequestId;
  unwatch(id: RequestId): void;
  /** The watcher is done with parts that cost so much (`costOf`): as much more may come. */
  taken(id: RequestId, cost: number): void;
  status(): Status;
}
