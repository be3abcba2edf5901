import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, Flag, FrameType, type Role } from "../../src/protocol/index.ts";
import {
  data,
  frame,
  goAway,
  join,
  OK_HEAD,
  OK_TRAILERS,
  POST,
  ping,
  resetStream,
  Stage,
  settings,
  windowUpdate,
} from "./stage.ts";

/** Small bounds, so that short runs reach them. */
const SMALL = {
  streamsMax: 5,
  frameBytesMax: 16_384,
  streamWindowBytes: 70_000,
  connectionWindowBytes: 100_000,
  headerListBytesMax: 2000,
  headerBlockBytesMax: 4000,
  sendQueueBytesMax: 300_000,
  closedStreamsMax: 8,
};

const id = fc.constantFrom(0, 1, 3, 5, 7, 9, 11, 2, 4);
const flags = fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d, 0xff);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(new Uint8Array(1000), new Uint8Array(16_384), Uint8Array.of(0x82, 0x86, 0x84)),
);

/** Frames as a peer may send them, mostly of the right form, in any order. */
function frames(role: Role): fc.Arbitrary<(stage: Stage) => unknown> {
  const bytes = (make: fc.Arbitrary<Bytes>): fc.Arbitrary<(stage: Stage) => unknown> =>
    make.map((each) => (stage: Stage) => stage.send(each));
  const head = role === "server" ? POST : OK_HEAD;
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(id, fc.boolean()).map(
        ([at, end]) =>
          (s: Stage) =>
            s.headers(at, head, end ? 1 : 0),
      ),
    },
    {
      weight: 2,
      arbitrary: id.map((at) => (s: Stage) => s.headers(at, OK_TRAILERS, Flag.EndStream)),
    },
    {
      weight: 6,
      arbitrary: bytes(fc.tuple(id, payload, flags).map(([at, body, f]) => data(at, body, f & 9))),
    },
    {
      weight: 2,
      arbitrary: bytes(fc.tuple(id, fc.nat(13)).map(([at, code]) => resetStream(at, code))),
    },
    {
      weight: 4,
      arbitrary: bytes(
        fc
          .tuple(id, fc.constantFrom(0, 1, 1000, 70_000, 0x7fffffff))
          .map(([at, by]) => windowUpdate(at, by)),
      ),
    },
    {
      weight: 2,
      arbitrary: bytes(
        fc
          .tuple(fc.integer({ min: 1, max: 7 }), fc.constantFrom(0, 1, 100, 16_384, 70_000))
          .map((entry) => settings(entry)),
      ),
    },
    {
      weight: 1,
      arbitrary: bytes(fc.constantFrom(ping(), ping(1), settings(), goAway(3, 0), goAway(0, 2))),
    },
    {
      weight: 2,
      arbitrary: bytes(fc.tuple(fc.nat(11), flags, id, payload).map((parts) => frame(...parts))),
    },
    { weight: 1, arbitrary: bytes(fc.uint8Array({ maxLength: 30 })) },
  );
}

/** What the connection's own user does meanwhile. */
const ours: fc.Arbitrary<(stage: Stage) => unknown> = fc.oneof(
  fc
    .tuple(id, fc.constantFrom(0, 10, 30_000, 80_000), fc.boolean())
    .map(([at, length, end]) => (s: Stage) => {
      const stream = s.streams.get(at);
      if (stream !== undefined) s.connection.message(stream, [new Uint8Array(length)], false, end);
    }),
  id.map((at) => (s: Stage) => {
    const stream = s.streams.get(at);
    if (stream !== undefined) s.connection.finish(stream, OK_TRAILERS);
  }),
  id.map((at) => (s: Stage) => {
    const stream = s.streams.get(at);
    if (stream !== undefined) s.connection.reset(stream, 8);
  }),
  fc.constant((s: Stage) => {
    const stream = s.connection.open(POST, "call");
    if (stream !== null) s.streams.set(stream.id, stream);
  }),
  fc.constant((s: Stage) => s.connection.drain()),
  fc.constant((s: Stage) => s.connection.block()),
  fc.constant((s: Stage) => s.connection.unblock()),
  fc.integer({ min: 0, max: 30_000 }).map((ms) => (s: Stage) => {
    s.now += ms;
    s.connection.tick(s.now);
  }),
);

/** What holds of whatever has been sent and said so far. */
function invariants(stage: Stage, sent: readonly string[], limit: number): void {
  expect(stage.connection.streams).toBeLessThanOrEqual(limit);
  expect(sent.filter((line) => line.startsWith("GOAWAY")).length).toBeLessThanOrEqual(3);
  const overBy = new Map<string, number>();
  sent.forEach((line, at) => {
    const [type, stream = ""] = line.split(" ");
    const over = overBy.get(stream);
    if (type !== "GOAWAY" && over !== undefined && stream !== "0") {
      throw new Error(`${line} after the stream was over (${sent[over]})`);
    }
    if (type === "RST_STREAM") overBy.set(stream, at);
  });
  const told = new Set<string>();
  for (const event of stage.events) {
    const [what, stream = ""] = event.split(" ");
    if (told.has(stream)) throw new Error(`${event} after the stream was over`);
    if (what === "reset") told.add(stream);
  }
}

describe("whatever a peer sends and the user does", () => {
  for (const role of ["server", "client"] as const) {
    it(`a ${role} throws nothing, keeps its bounds, and speaks of no stream after its end`, () => {
      const act = fc.oneof({ weight: 3, arbitrary: frames(role) }, { weight: 1, arbitrary: ours });
      fc.assert(
        fc.property(fc.array(act, { maxLength: 60 }), fc.boolean(), (acts, consumes) => {
          const stage = Stage.ready(role, SMALL);
          stage.consumes = consumes;
          const sent: string[] = [];
          for (const each of acts) {
            each(stage);
            sent.push(...stage.frames());
          }
          invariants(stage, sent, role === "server" ? SMALL.streamsMax : acts.length);
          if (stage.connection.phase === "Closed") {
            stage.send(ping());
            expect(stage.frames()).toEqual([]);
          }
        }),
        { seed: 9113, numRuns: 1500 },
      );
    });
  }

  it("random bytes end in an error or in waiting, never in an exception", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        const stage = Stage.ready("server", SMALL).send(...chunks);
        expect(stage.frames().length).toBeLessThan(500);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});

/** A conversation with something of everything: bodies, trailers, padding, continuations, resets, settings. */
function conversation(): Bytes {
  const { encoder } = new Stage();
  const block = (): Bytes => encoder.encode(POST).slice();
  const parts: Bytes[] = [];
  for (let n = 0; n < 12; n++) {
    const stream = 2 * n + 1;
    const bytes = block();
    if (n % 3 === 0) {
      parts.push(frame(FrameType.Headers, 0, stream, bytes.subarray(0, 2)));
      parts.push(frame(FrameType.Continuation, Flag.EndHeaders, stream, bytes.subarray(2)));
    } else parts.push(frame(FrameType.Headers, Flag.EndHeaders, stream, bytes));
    parts.push(data(stream, new Uint8Array(n * 700).fill(n)));
    if (n % 4 === 1) parts.push(frame(FrameType.Data, Flag.Padded, stream, [3, 1, 2, 0, 0, 0]));
    if (n % 4 === 2) parts.push(resetStream(stream, 8));
    else parts.push(data(stream, "end", Flag.EndStream));
    if (n % 5 === 0) parts.push(settings([4, 50_000 + n]), ping(), windowUpdate(0, 100 + n));
  }
  return join(parts);
}

function outcome(chunks: readonly Bytes[]): {
  readonly events: readonly string[];
  readonly sent: readonly string[];
} {
  const stage = Stage.ready();
  stage.onHeadThen = (stream) => {
    stage.connection.head(stream, OK_HEAD);
    stage.connection.message(stream, [new Uint8Array((stream.id % 50) * 100)]);
    stage.connection.finish(stream, OK_TRAILERS);
  };
  stage.send(...chunks);
  return { events: stage.events, sent: stage.frames() };
}

function cutAt(bytes: Bytes, places: readonly number[]): readonly Bytes[] {
  const at = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...at]
    .map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
    .filter((c) => c.length > 0);
}

describe("a conversation", () => {
  const whole = conversation();

  it("has the same outcome however its bytes are cut", () => {
    const want = outcome([whole]);
    expect(want.sent.filter((line) => line.includes("END_STREAM")).length).toBe(12);
    expect(outcome(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(want);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (places) => {
        expect(outcome(cutAt(whole, places))).toEqual(want);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("that is damaged in transit throws nothing, and is the same damage however its bytes are cut", () => {
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(damage, fc.array(fc.nat(), { maxLength: 20 }), (changes, places) => {
        const damaged = whole.slice();
        for (const [at, value] of changes) damaged[at] = value;
        expect(outcome(cutAt(damaged, places))).toEqual(outcome([damaged]));
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
