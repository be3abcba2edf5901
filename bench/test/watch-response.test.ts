import { encode, type MessageOf, messages } from "@quorate/server";
import { expect, it } from "vitest";
import { readWatchResponse } from "../load/watch-response.ts";

type Event = MessageOf<typeof messages.Event>;
type Header = MessageOf<typeof messages.ResponseHeader>;

function heardOf(response: Partial<MessageOf<typeof messages.WatchResponse>>): readonly unknown[] {
  const heard: unknown[] = [];
  const header = { cluster_id: 1n << 63n, member_id: 5n, revision: 9n, raft_term: 2n } as Header;
  readWatchResponse(encode(messages.WatchResponse, { header, ...response }), {
    onCreated: (id) => heard.push(["created", id]),
    onCanceled: (id) => heard.push(["canceled", id]),
    onEvent: (id, revision, bytes, at) => heard.push(["event", id, revision, bytes[at]]),
  });
  return heard;
}

it("finds whose events a response has, of which revisions, and where their values begin", () => {
  const kv = (revision: bigint, value: number) =>
    ({
      type: 0,
      kv: {
        key: Buffer.from("key"),
        create_revision: 3n,
        mod_revision: revision,
        version: 4n,
        value: new Uint8Array(300).fill(value),
        lease: 0n,
      },
      prev_kv: null,
    }) as Event;
  const heard = heardOf({ watch_id: 300n, events: [kv(70_000_000_000n, 17), kv(5n, 18)] });
  expect(heard).toEqual([
    ["event", 300, 70_000_000_000, 17],
    ["event", 300, 5, 18],
  ]);
});

it("finds that a watcher was created, and that one was cancelled", () => {
  expect(heardOf({ watch_id: 7n, created: true })).toEqual([["created", 7]]);
  expect(heardOf({ canceled: true, cancel_reason: "no" })).toEqual([["canceled", 0]]);
});
