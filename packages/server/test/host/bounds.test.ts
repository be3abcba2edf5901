import { journalSeq, nodeId, type Outcome, requestId, ticks } from "@quorate/kernel/core";
import type { NodeEffect } from "@quorate/kernel/replica";
import { describe, expect, it } from "vitest";
import {
  type Asked,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_MAX,
  InFlight,
  WATCHES_MAX,
} from "../../src/host/in-flight.ts";
import type { WatchCaller } from "../../src/host/index.ts";
import { OUTBOX_EFFECTS_MAX, Outbox, type Outgoing } from "../../src/host/outbox.ts";

const nobody: Asked["caller"] = { onReply: () => {}, onReadable: () => {} };
const asking = (bytes: number): Asked => ({
  caller: nobody,
  bytes,
  write: true,
  since: ticks(0),
  read: null,
});

describe("what is under way", () => {
  it("holds no more bytes than its bound, but one request that is larger by itself", () => {
    const inFlight = new InFlight();
    const large = inFlight.newId();
    expect(inFlight.admit(large, asking(2 * IN_FLIGHT_BYTES_MAX))).toBe(true);
    expect(inFlight.admit(inFlight.newId(), asking(1))).toBe(false);
    inFlight.settle(large);
    const half = IN_FLIGHT_BYTES_MAX / 2;
    expect(inFlight.admit(inFlight.newId(), asking(half))).toBe(true);
    expect(inFlight.admit(inFlight.newId(), asking(half))).toBe(true);
    expect(inFlight.admit(inFlight.newId(), asking(1))).toBe(false);
    expect(inFlight.bytes).toBe(IN_FLIGHT_BYTES_MAX);
  });

  it("is no more than so many requests, and each place is given back once", () => {
    const inFlight = new InFlight();
    const ids = Array.from({ length: IN_FLIGHT_MAX }, () => inFlight.newId());
    for (const id of ids) expect(inFlight.admit(id, asking(1))).toBe(true);
    expect(inFlight.admit(inFlight.newId(), asking(1))).toBe(false);
    const [first = requestId(0)] = ids;
    expect(inFlight.settle(first)).not.toBeNull();
    expect(inFlight.settle(first)).toBeNull();
    expect(inFlight.admit(inFlight.newId(), asking(1))).toBe(true);
    expect(inFlight.admit(inFlight.newId(), asking(1))).toBe(false);
    expect(inFlight.bytes).toBe(IN_FLIGHT_MAX);
  });

  it("is no more than so many watches", () => {
    const inFlight = new InFlight();
    const watcher: WatchCaller = {
      onWatching: () => {},
      onEvents: () => {},
      onWatchEnded: () => {},
    };
    let admitted = 0;
    while (admitted <= WATCHES_MAX && inFlight.admitWatch(inFlight.newId(), watcher)) admitted++;
    expect(admitted).toBe(WATCHES_MAX);
  });
});

describe("what waits for the disk", () => {
  const frame = (after: number): Outgoing => ({
    type: "Frame",
    to: nodeId(2n),
    lane: "log",
    parts: [],
    after: journalSeq(after),
  });
  const reply = (id: number, after: number): Outgoing => ({
    type: "Reply",
    id: requestId(id),
    outcome: { ok: true, value: new Uint8Array(0) } satisfies Outcome,
    holders: null,
    after: journalSeq(after),
  });

  it("drops frames beyond its bound, as a network may, and never an answer", () => {
    const released: NodeEffect[] = [];
    const outbox = new Outbox(journalSeq(0), (effect) => released.push(effect));
    for (let i = 0; i < OUTBOX_EFFECTS_MAX + 10; i++) outbox.put(frame(1));
    expect(outbox.length).toBe(OUTBOX_EFFECTS_MAX);
    expect(outbox.dropped).toBe(10);
    outbox.put(reply(7, 1));
    expect(outbox.length).toBe(OUTBOX_EFFECTS_MAX + 1);
    expect(released).toEqual([]);
    outbox.advance(journalSeq(1));
    expect(released.length).toBe(OUTBOX_EFFECTS_MAX + 1);
    expect(released.at(-1)).toMatchObject({ type: "Reply", id: 7 });
    expect(outbox.length).toBe(0);
  });

  it("keeps the order of what it releases, and what is early does not wait", () => {
    const released: number[] = [];
    const outbox = new Outbox(journalSeq(4), (effect) => released.push(effect.after));
    for (const after of [5, 3, 6, 5, 4]) outbox.put(frame(after));
    expect(released).toEqual([3, 4]);
    outbox.advance(journalSeq(5));
    expect(released).toEqual([3, 4, 5]);
    outbox.advance(journalSeq(6));
    expect(released).toEqual([3, 4, 5, 6, 5]);
  });
});
