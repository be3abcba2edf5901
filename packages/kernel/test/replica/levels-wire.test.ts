import type { Acks, LogIndex, NodeId, RequestId, StartId } from "@quorate/kernel/core";
import { Malformed } from "@quorate/kernel/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeAcksAnswers,
  decodeAcksQuestions,
  encodeAcksAnswers,
  encodeAcksQuestions,
  QUESTIONS_MAX,
} from "../../src/replica/acks-wire.ts";
import { decodeNames, encodeNames, NAMES_MAX } from "../../src/replica/lost-writes.ts";

const question = (acks: Acks) => ({ epoch: 7, index: 90 as LogIndex, acks });
const LEVELS: readonly Acks[] = ["majority", "all", 1, 3, 0xffff];

describe("questions of who holds a write, and names of writes, on the wire", () => {
  it("come back as they were", () => {
    const questions = LEVELS.map(question);
    expect(decodeAcksQuestions(encodeAcksQuestions(questions))).toEqual(questions);
    const answers = questions.map((one, holders) => ({ question: one, holders }));
    expect(decodeAcksAnswers(encodeAcksAnswers(answers))).toEqual(answers);
    const names = [{ node: 5n as NodeId, start: 6n as StartId, request: 7 as RequestId }];
    expect(decodeNames(encodeNames(names))).toEqual(names);
  });

  it("bytes that are none are malformed and never thrown, whatever they say of their number", () => {
    const decoders = [decodeAcksQuestions, decodeAcksAnswers, decodeNames];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const decode of decoders) decode(bytes);
      }),
      { seed: 63, numRuns: 2000 },
    );
    for (const count of [QUESTIONS_MAX + 1, NAMES_MAX + 1, 0xffff_ffff]) {
      const bytes = new Uint8Array(64);
      new DataView(bytes.buffer).setUint32(0, count, true);
      for (const decode of decoders) expect(decode(bytes)).toBeInstanceOf(Malformed);
    }
    const level = encodeAcksQuestions([question(3)]);
    for (const none of [0, 0x1_0002]) {
      new DataView(level.buffer, level.byteOffset).setUint32(level.length - 4, none, true);
      expect(decodeAcksQuestions(level)).toBeInstanceOf(Malformed);
    }
  });
});
