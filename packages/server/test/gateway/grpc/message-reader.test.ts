import fc from "fast-check";
import { expect, it } from "vitest";
import { MessageReader, PREFIX_BYTES, prefixOf } from "../../../src/gateway/grpc/index.ts";

const SEED = 20_260_802;
const MAX = 64;

/** All messages that are whole after each push, and the verdict that ended the stream, if one did. */
function readAll(reader: MessageReader): { messages: Uint8Array[]; end: string } {
  const messages: Uint8Array[] = [];
  for (;;) {
    const framed = reader.next();
    if (framed.type !== "Message") return { messages, end: framed.type };
    messages.push(framed.bytes);
  }
}

function chunked(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

it("gives the same messages however the stream was chunked", () => {
  const message = fc.uint8Array({ maxLength: MAX });
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), sizes, (messages, cuts) => {
      const stream = Buffer.concat(messages.flatMap((one) => [prefixOf([one]), one]));
      const reader = new MessageReader(MAX);
      const got: Uint8Array[] = [];
      for (const chunk of chunked(stream, cuts)) {
        reader.push(chunk);
        got.push(...readAll(reader).messages);
      }
      expect(got.map((one) => [...one])).toEqual(messages.map((one) => [...one]));
      expect(reader.left).toBe(0);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

it("meets hostile bytes with a message, a verdict or patience, and never reads past them", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
      const reader = new MessageReader(MAX);
      let given = 0;
      let taken = 0;
      for (const chunk of chunks) {
        reader.push(chunk);
        given += chunk.length;
        for (const message of readAll(reader).messages) taken += PREFIX_BYTES + message.length;
        expect(taken + reader.left).toBe(given);
      }
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

it("refuses an announced length beyond the bound before any of it has come", () => {
  const reader = new MessageReader(MAX);
  reader.push(Buffer.from("00ffffffff", "hex"));
  expect(reader.next()).toEqual({ type: "TooLarge", bytes: 0xffff_ffff });
});

it("accepts exactly the bound", () => {
  const reader = new MessageReader(MAX);
  reader.push(Buffer.concat([prefixOf([new Uint8Array(MAX)]), new Uint8Array(MAX)]));
  expect(reader.next()).toMatchObject({ type: "Message" });
});

it("does not take a compressed message for a plain one", () => {
  const reader = new MessageReader(MAX);
  reader.push(Buffer.from("0100000000", "hex"));
  expect(reader.next()).toEqual({ type: "Compressed" });
});
