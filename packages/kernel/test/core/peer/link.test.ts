import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bytes, concat, type Lane, startId, utf8 } from "../../../src/core/index.ts";
import {
  decodeFrame,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  FrameSplitter,
  frameBytes,
  PeerLink,
} from "../../../src/core/peer/index.ts";

const [ours, theirs] = [startId(13n), startId(17n)];
const linked = () => ({ sender: new PeerLink(ours, theirs), receiver: new PeerLink(theirs, ours) });
const sealed = (link: PeerLink, text: string, lane: Lane = "log"): Bytes =>
  concat([link.seal(lane, [utf8(text)]), utf8(text)]);

test("a frame of peer version 1 is what it was, byte for byte", () => {
  const golden = new URL("./testdata/frame-1.hex", import.meta.url);
  const stored = readFileSync(golden, "utf8").replaceAll(/\s/g, "");
  const { sender } = linked();
  sender.seal("control", []);
  expect(Buffer.from(sealed(sender, "append")).toString("hex")).toBe(stored);
});

test("frames that arrive in order are opened to what was sealed, lane and parts included", () => {
  const { sender, receiver } = linked();
  for (const lane of ["control", "log", "bulk"] as const) {
    const parts = [utf8("a"), utf8(""), utf8(lane)];
    const opened = receiver.open(concat([sender.seal(lane, parts), ...parts]));
    expect(opened).toEqual({ type: "frame", lane, payload: concat(parts) });
  }
});

test("a frame that is repeated, overtaken or missing closes the link", () => {
  for (const order of [[0, 0], [1], [0, 2], [0, 1, 0]]) {
    const { sender, receiver } = linked();
    const frames = ["a", "b", "c"].map((text) => sealed(sender, text));
    const last = order.map((i) => receiver.open(frames[i] ?? new Uint8Array(0))).at(-1);
    expect(last, `order ${order.join()}`).toEqual({
      type: "dropped",
      reason: "sequence",
      close: true,
    });
  }
});

test("LI-2: a frame of the sender's earlier life is dropped, and the link goes on", () => {
  const { sender, receiver } = linked();
  const late = sealed(new PeerLink(startId(12n), theirs), "vote for me");
  expect(receiver.open(sealed(sender, "a")).type).toBe("frame");
  expect(receiver.open(late)).toEqual({ type: "dropped", reason: "otherLife", close: false });
  expect(receiver.open(sealed(sender, "b")).type).toBe("frame");
});

test("every flipped bit of a frame is found, and closes the link", () => {
  const frame = sealed(linked().sender, "payload");
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const flipped = frame.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const opened = linked().receiver.open(flipped);
    expect(opened, `bit ${bit}`).toMatchObject({ type: "dropped", close: true });
  }
});

test("no bytes make open throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
      expect(linked().receiver.open(noise).type).toBe("dropped");
      expect(["malformed", "checksum"]).toContain(decodeFrame(noise));
    }),
    { seed: 8, numRuns: 1000 },
  );
});

test("no length outside the bounds is believed", () => {
  expect(frameBytes(FRAME_HEAD_BYTES - 9)).toBeNull();
  expect(frameBytes(FRAME_HEAD_BYTES - 8)).toBe(FRAME_HEAD_BYTES);
  expect(frameBytes(13 + FRAME_PAYLOAD_BYTES_MAX)).toBe(FRAME_HEAD_BYTES + FRAME_PAYLOAD_BYTES_MAX);
  expect(frameBytes(14 + FRAME_PAYLOAD_BYTES_MAX)).toBeNull();
  expect(frameBytes(0xffff_ffff)).toBeNull();
});

test("however a stream is cut into chunks, the same frames come out, each in memory of its own", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(fc.nat(9000), { maxLength: 6 }), cuts, (lengths, cuts) => {
      const { sender } = linked();
      const frames = lengths.map((n) => sealed(sender, "x".repeat(n)));
      const stream = concat(frames);
      const splitter = new FrameSplitter();
      const out: Bytes[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = (cuts[i % cuts.length] ?? 1) ** 2;
        const chunk = stream.slice(at, at + length);
        expect(splitter.push(chunk, (frame) => out.push(frame) > 0)).toBe(true);
        chunk.fill(0xee);
        at += length;
      }
      expect(out).toEqual(frames);
      expect(splitter.midFrame).toBe(false);
    }),
    { seed: 9, numRuns: 100 },
  );
});

test("a stream that announces an impossible length is given up at once", () => {
  const splitter = new FrameSplitter();
  expect(splitter.push(new Uint8Array(8).fill(0xff), () => true)).toBe(false);
});
