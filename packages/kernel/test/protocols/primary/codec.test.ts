import { crc32c, type LogIndex, Malformed, type Position, ticks } from "@quorate/kernel/core";
import {
  decodeMessage,
  encodeMessage,
  holdsEntries,
  type PrimaryMessage,
} from "@quorate/kernel/primary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const small = fc.integer({ min: 0, max: 2 ** 40 });
const index = small.map((n) => n as LogIndex);
const time = small.map(ticks);
const type = <T extends PrimaryMessage["type"]>(name: T) => fc.constant(name);

/** Entries behind `prev`, of epochs that never fall and never exceed the primary's. */
const update: fc.Arbitrary<PrimaryMessage> = fc
  .record({
    prev: fc.record({ epoch: fc.integer({ min: 0, max: 9 }), index }),
    commit: index,
    since: index,
    answer: fc.boolean(),
    echo: fc.option(time, { nil: null }),
    parts: fc.array(
      fc.record({
        kind: fc.constantFrom("noop" as const, "command" as const),
        command: fc.uint8Array({ maxLength: 40 }),
        up: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ prev, parts, ...rest }) => {
    let at = prev.epoch;
    const entries = parts.map(({ kind, command, up }, i) => {
      at += up;
      return { index: (prev.index + i + 1) as LogIndex, epoch: at, kind, command };
    });
    return { type: "Update", epoch: at + 1, prev, entries, ...rest };
  });

const MESSAGES: Readonly<Record<PrimaryMessage["type"], fc.Arbitrary<PrimaryMessage>>> = {
  Update: update,
  Ack: fc.record({
    type: type("Ack"),
    epoch: small,
    state: fc.constantFrom("Holds", "Lacks", "Forked"),
    match: index,
    at: time,
  }),
  Ask: fc.record({ type: type("Ask"), epoch: small, question: small }),
  Answer: fc.record({ type: type("Answer"), epoch: small, question: small, index }),
  Pull: fc.record({ type: type("Pull"), epoch: small }),
};
const anyMessage = fc.oneof(...Object.values(MESSAGES));
const run = { seed: 19760101, numRuns: 200 };

describe("messages on the wire", () => {
  for (const [name, message] of Object.entries(MESSAGES)) {
    it(`${name} is read as it was written, from a buffer that it fills`, () => {
      fc.assert(
        fc.property(message, (m) => {
          const written = encodeMessage(m);
          expect(decodeMessage(written)).toEqual(m);
          expect(written.buffer.byteLength).toBe(written.length);
          expect(holdsEntries(written)).toBe(m.type === "Update");
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
        if (!(read instanceof Malformed)) expect(crc32c(encodeMessage(read))).toBe(crc32c(bent));
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

  const prev: Position = { epoch: 1, index: 4 as LogIndex };
  const head = {
    type: "Update",
    epoch: 3,
    prev,
    commit: prev.index,
    since: prev.index,
    echo: null,
  } as const;

  it("a count of entries that lies is found before anything is allocated for it", () => {
    const none = encodeMessage({ ...head, entries: [], answer: true }).slice();
    none.set([255, 255, 255, 255], none.length - 4);
    expect(decodeMessage(none)).toBeInstanceOf(Malformed);
  });

  it("entries out of order, of a later epoch than their primary's, or that change members are none", () => {
    const command = new Uint8Array(0);
    const decode = (epochs: readonly number[], kind: "command" | "configuration"): unknown => {
      const entries = epochs.map((epoch, i) => ({
        index: (5 + i) as LogIndex,
        epoch,
        kind,
        command,
      }));
      return decodeMessage(encodeMessage({ ...head, entries, answer: true }));
    };
    expect(decode([1, 3], "command")).not.toBeInstanceOf(Malformed);
    expect(decode([3, 2], "command")).toBeInstanceOf(Malformed);
    expect(decode([0], "command")).toBeInstanceOf(Malformed);
    expect(decode([4], "command")).toBeInstanceOf(Malformed);
    expect(decode([3], "configuration")).toBeInstanceOf(Malformed);
  });
});
