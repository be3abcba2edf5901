import { requestId } from "@quorate/kernel/core";
import { expect, it } from "vitest";
import { Watcher } from "../../../src/gateway/etcd/watcher.ts";

const ID = requestId(1);
const CREATE = {
  key: new Uint8Array([1]),
  range_end: new Uint8Array(0),
  start_revision: 0n,
  progress_notify: false,
  filters: [],
  prev_kv: false,
  watch_id: 0n,
  fragment: false,
};

it("holds events and the end until its created reply is written, then gives them in order", () => {
  const story: string[] = [];
  const watcher = new Watcher(
    {
      onSettled: () => story.push("settled"),
      onWatcherEvents: (_, revision) => story.push(`events ${revision}`),
      onWatcherEnded: (_, ended) => story.push(ended.type),
    },
    0n,
    CREATE,
    20,
  );
  watcher.onWatching(ID, 4);
  watcher.onEvents(ID, 5, new Uint8Array(1));
  watcher.onEvents(ID, 6, new Uint8Array(1));
  watcher.onWatchEnded(ID, { type: "Compacted", compactRevision: 9 });
  expect(story).toEqual(["settled", "settled"]);
  watcher.announce();
  expect(story.slice(2)).toEqual(["events 5", "events 6", "Compacted"]);
});
