import { type Accepted, type Ballot, ballotOf, type Entry, Malformed } from "@quorate/kernel/core";
import { decodeMessage, encodeMessage, type PaxosMessage, type Slot } from "@quorate/kernel/paxos";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const slot = (n: number): Slot => n as Slot;
const ballot = ballotOf(3, 2);
const entry = (index: number, bytes: number): Entry => ({
  index: slot(index),
  epoch: 0,
  kind: bytes === 0 ? "noop" : "command",
  command: new Uint8Array(bytes).fill(7),
});
const accepted = (index: number, bytes: number): Accepted<Entry> => ({
  ballot: ballotOf(2, 1),
  value: entry(index, bytes),
});

const ONE_OF_EACH: readonly PaxosMessage[] = [
  { type: "PreVote", ballot, fromSlot: slot(9) },
  { type: "PreVoteReply", ballot, granted: true },
  { type: "Prepare", ballot, fromSlot: slot(9), takeOver: true },
  {
    type: "Promised",
    ballot,
    fromSlot: slot(9),
    chosen: [entry(9, 5), entry(10, 0)],
    accepted: [accepted(11, 3), accepted(13, 0)],
    decided: slot(10),
    acceptedUnder: ballotOf(1, 0),
    rest: slot(14),
  },
  {
    type: "Promised",
    ballot,
    fromSlot: slot(1),
    chosen: [],
    accepted: [],
    decided: slot(0),
    acceptedUnder: ballotOf(1, 0),
    rest: null,
  },
  { type: "Reject", ballot, promised: ballotOf(4, 1) },
  {
    type: "Accept",
    ballot,
    slot: slot(9),
    entries: [entry(9, 5), entry(10, 0)],
    decided: slot(8),
    round: 4,
  },
  { type: "AcceptedSlots", ballot, slot: slot(9), count: 2, decided: slot(8), round: 4 },
  { type: "Decided", ballot, decided: slot(10), acknowledge: true },
  { type: "Ack", ballot, decided: slot(10) },
  { type: "Heartbeat", ballot, decided: slot(10), ownFrom: slot(3), round: 5 },
  { type: "HeartbeatReply", ballot, decided: slot(10), round: 5, repairing: false },
  { type: "TakeOver", ballot },
  { type: "ReadIndex", ballot, question: 6 },
  { type: "ReadIndexReply", ballot, question: 6, readIndex: slot(8) },
];

describe("messages on the wire", () => {
  for (const message of ONE_OF_EACH) {
    it(`${message.type} is read as it was written, from a buffer that it fills`, () => {
      const bytes = encodeMessage(message);
      expect(decodeMessage(bytes)).toEqual(message);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    });

    it(`${message.type} cut short or with more behind it is malformed`, () => {
      const bytes = encodeMessage(message);
      for (let length = 0; length < bytes.length; length++)
        expect(decodeMessage(bytes.subarray(0, length))).toBeInstanceOf(Malformed);
      expect(decodeMessage(new Uint8Array([...bytes, 0]))).toBeInstanceOf(Malformed);
    });
  }

  it("any bytes are a message or malformed, and what is a message is written as it was read", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(
          fc.nat(ONE_OF_EACH.length - 1),
          fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 6 }),
        )
        .map(([which, flips]) => {
          const bytes = encodeMessage(ONE_OF_EACH[which] as PaxosMessage).slice();
          for (const [at, value] of flips) bytes[at % bytes.length] = value;
          return bytes;
        }),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        const message = decodeMessage(bytes);
        if (message instanceof Malformed) return;
        expect(encodeMessage(message)).toEqual(bytes);
      }),
      { seed: 16, numRuns: 5000 },
    );
  });

  it("numbers at the edge of what a number holds are malformed, not a bug", () => {
    const bytes = encodeMessage({
      type: "Accept",
      ballot,
      slot: slot(9),
      entries: [entry(9, 1)],
      decided: slot(8),
      round: 4,
    }).slice();
    bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0], 9);
    expect(decodeMessage(bytes)).toBeInstanceOf(Malformed);
    bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0], 1);
    expect(decodeMessage(bytes)).toBeInstanceOf(Malformed);
  });

  it("entries of another epoch and changes of members are no entries of Multi-Paxos", () => {
    const accept = { type: "Accept", ballot, slot: slot(9), decided: slot(8), round: 4 } as const;
    for (const wrong of [{ epoch: 1 }, { kind: "configuration" }] as const) {
      const entries = [{ ...entry(9, 5), ...wrong }];
      expect(decodeMessage(encodeMessage({ ...accept, entries }))).toBeInstanceOf(Malformed);
    }
    const none = [{ ballot: 0 as Ballot, value: entry(9, 5) }];
    const promised = { type: "Promised", ballot, fromSlot: slot(1), chosen: [] } as const;
    const bytes = encodeMessage({
      ...promised,
      accepted: none,
      decided: slot(0),
      acceptedUnder: ballotOf(1, 0),
      rest: null,
    });
    expect(decodeMessage(bytes)).toBeInstanceOf(Malformed);
  });
});
