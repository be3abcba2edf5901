import { crc32c, type LogIndex, Malformed, type NodeId, type Position } from "@quorate/kernel/core";
import {
  decodeMessage,
  encodeMessage,
  epoch,
  holdsEntries,
  type ZabMessage,
} from "@quorate/kernel/zab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const integer = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const small = fc.integer({ min: 0, max: 2 ** 40 });
const anEpoch = small.map(epoch);
const index = small.map((n) => n as LogIndex);
const node = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }).map((id) => id as NodeId);
const position: fc.Arbitrary<Position> = fc.record({ epoch: small, index });
const bytes = fc.uint8Array({ maxLength: 40 });

const type = <T extends ZabMessage["type"]>(name: T) => fc.constant(name);

/** Proposals behind `prev`, of epochs that never fall and never exceed the leader's. */
const proposal: fc.Arbitrary<ZabMessage> = fc
  .record({
    prev: fc.record({ epoch: fc.integer({ min: 0, max: 9 }), index }),
    parts: fc.array(
      fc.record({
        kind: fc.constantFrom("noop" as const, "command" as const),
        command: bytes,
        up: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ prev, parts }) => {
    let at = prev.epoch;
    const entries = parts.map(({ kind, command, up }, i) => {
      at += up;
      return { index: (prev.index + i + 1) as LogIndex, epoch: at, kind, command };
    });
    return { type: "Proposal", epoch: epoch(at + 1), prev, entries };
  });

const candidate = fc.record({ currentEpoch: anEpoch, last: position, reluctant: fc.boolean() });

const MESSAGES: Readonly<Record<ZabMessage["type"], fc.Arbitrary<ZabMessage>>> = {
  Notification: fc.record({
    type: type("Notification"),
    standing: fc.constantFrom("looking", "following", "leading"),
    acceptedEpoch: anEpoch,
    candidate: fc.option(candidate, { nil: null }),
    vote: fc.option(node, { nil: null }),
  }),
  FollowerInfo: fc.record({
    type: type("FollowerInfo"),
    acceptedEpoch: anEpoch,
    repairMark: integer,
  }),
  NewEpoch: fc.record({ type: type("NewEpoch"), epoch: anEpoch, chosenAfter: integer }),
  AckEpoch: fc.record({
    type: type("AckEpoch"),
    epoch: anEpoch,
    currentEpoch: anEpoch,
    last: position,
    counts: fc.boolean(),
  }),
  Truncate: fc.record({ type: type("Truncate"), epoch: anEpoch, from: position, to: position }),
  Proposal: proposal,
  Acknowledgement: fc.record({ type: type("Acknowledgement"), epoch: anEpoch, upTo: index }),
  HistoryEnd: fc.record({ type: type("HistoryEnd"), epoch: anEpoch, last: position }),
  NewLeader: fc.record({ type: type("NewLeader"), epoch: anEpoch, last: position }),
  AckNewLeader: fc.record({
    type: type("AckNewLeader"),
    epoch: anEpoch,
    upTo: index,
    repairMark: integer,
  }),
  UpToDate: fc.record({ type: type("UpToDate"), epoch: anEpoch, commit: index }),
  Commit: fc.record({ type: type("Commit"), epoch: anEpoch, upTo: index }),
  CommitReceived: fc.record({ type: type("CommitReceived"), epoch: anEpoch, upTo: index }),
  Ping: fc.record({ type: type("Ping"), epoch: anEpoch, round: integer, commit: index }),
  Pong: fc.record({ type: type("Pong"), epoch: anEpoch, round: integer, upToDate: fc.boolean() }),
  Sync: fc.record({ type: type("Sync"), epoch: anEpoch, question: integer }),
  SyncReply: fc.record({ type: type("SyncReply"), epoch: anEpoch, question: integer, upTo: index }),
  Appoint: fc.record({ type: type("Appoint"), epoch: anEpoch, leader: node }),
};
const anyMessage = fc.oneof(...Object.values(MESSAGES));
const run = { seed: 20110628, numRuns: 200 };

describe("messages on the wire", () => {
  for (const [name, message] of Object.entries(MESSAGES)) {
    it(`${name} is read as it was written, from a buffer that it fills`, () => {
      fc.assert(
        fc.property(message, (m) => {
          const written = encodeMessage(m);
          expect(decodeMessage(written)).toEqual(m);
          expect(written.buffer.byteLength).toBe(written.length);
          expect(holdsEntries(written)).toBe(m.type === "Proposal");
        }),
        run,
      );
    });
  }

  it("a message cut short or with more behind it is none", () => {
    fc.assert(
      fc.property(anyMessage, (m) => {
        const written = encodeMessage(m);
        for (let length = 0; length < written.length; length++)
          expect(decodeMessage(written.subarray(0, length))).toBeInstanceOf(Malformed);
        expect(decodeMessage(Uint8Array.from([...written, 0]))).toBeInstanceOf(Malformed);
      }),
      { ...run, numRuns: 100 },
    );
  });

  it("hostile bytes are refused or read, never more, and what is read is written alike", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.nat({ max: 255 }), (m, at, byte) => {
        const bent = encodeMessage(m).slice();
        bent[at % bent.length] = byte;
        const read = decodeMessage(bent);
        if (read instanceof Malformed) return;
        if (read.type !== "Notification") expect(crc32c(encodeMessage(read))).toBe(crc32c(bent));
      }),
      { ...run, numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        decodeMessage(noise);
      }),
      { ...run, numRuns: 2000 },
    );
  });

  it("a count of entries that lies is found before anything is allocated for it", () => {
    const none = encodeMessage({
      type: "Proposal",
      epoch: epoch(1),
      prev: { epoch: 0, index: 0 as LogIndex },
      entries: [],
    }).slice();
    none.set([255, 255, 255, 255], none.length - 4);
    expect(decodeMessage(none)).toBeInstanceOf(Malformed);
  });

  it("proposals out of order, of a later epoch than their leader's, or that change members are none", () => {
    const command = new Uint8Array(0);
    const of = (epochs: readonly number[], kind: "command" | "configuration"): ZabMessage => ({
      type: "Proposal",
      epoch: epoch(3),
      prev: { epoch: 1, index: 4 as LogIndex },
      entries: epochs.map((e, i) => ({ index: (5 + i) as LogIndex, epoch: e, kind, command })),
    });
    const decode = (m: ZabMessage): unknown => decodeMessage(encodeMessage(m));
    expect(decode(of([1, 3], "command"))).not.toBeInstanceOf(Malformed);
    expect(decode(of([3, 2], "command"))).toBeInstanceOf(Malformed);
    expect(decode(of([0], "command"))).toBeInstanceOf(Malformed);
    expect(decode(of([4], "command"))).toBeInstanceOf(Malformed);
    expect(decode(of([3], "configuration"))).toBeInstanceOf(Malformed);
  });
});
