import { describe, expect, it } from "vitest";
import { Flag, FrameType, HeaderList, SettingId } from "../../src/protocol/index.ts";
import {
  data,
  frame,
  OK_HEAD,
  POST,
  ping,
  resetStream,
  Stage,
  settings,
  windowUpdate,
} from "./stage.ts";

const { EndHeaders, EndStream } = Flag;
const CALM = "ENHANCE_YOUR_CALM";

/** Does the same until the connection has had enough of it; how often it took. */
function untilCalm(stage: Stage, act: (i: number) => unknown, max = 100): number {
  for (let i = 0; i < max; i++) {
    act(i);
    const last = stage.frames().at(-1) ?? "";
    if (last.startsWith("GOAWAY")) {
      expect(last).toContain(CALM);
      return i;
    }
  }
  return max;
}

/** The lengths of the DATA frames that have been sent since the last look. */
const dataOf = (stage: Stage): readonly number[] =>
  stage
    .frames()
    .filter((line) => line.startsWith("DATA"))
    .map((line) => Number(line.split(" ")[2]));

describe("floods end the connection with ENHANCE_YOUR_CALM", () => {
  const rate = { burst: 10, perSecond: 1 };

  it("settings: many SETTINGS frames", () => {
    const stage = Stage.ready("server", { settings: { burst: 11, perSecond: 1 } });
    expect(untilCalm(stage, () => stage.send(settings()))).toBe(10);
  });

  it("settingsEntriesMax: many entries in one", () => {
    const stage = Stage.ready("server", { settingsEntriesMax: 3 });
    const entry = [SettingId.MaxFrameSize, 16_384] as const;
    expect(untilCalm(stage, (i) => stage.send(settings(...Array(i).fill(entry))))).toBe(4);
  });

  it("pings: many PING frames", () => {
    const stage = Stage.ready("server", { pings: rate });
    expect(untilCalm(stage, () => stage.send(ping()))).toBe(10);
  });

  it("resets: streams opened and reset at once (rapid reset)", () => {
    const stage = Stage.ready("server", { resets: rate });
    expect(
      untilCalm(stage, (i) => stage.request(2 * i + 1, 0).send(resetStream(2 * i + 1, 8))),
    ).toBe(10);
  });

  it("resets: streams that the peer makes us reset", () => {
    const stage = Stage.ready("server", { resets: rate });
    expect(
      untilCalm(stage, (i) => stage.request(2 * i + 1, 0).send(windowUpdate(2 * i + 1, 0))),
    ).toBe(10);
  });

  it("resets: streams opened beyond the bound", () => {
    const stage = Stage.ready("server", { resets: rate, streamsMax: 1 });
    expect(untilCalm(stage, (i) => stage.request(2 * i + 1, 0))).toBe(11);
  });

  it("idleFrames: empty DATA, PRIORITY, unknown types", () => {
    const idle: readonly Uint8Array[] = [
      data(1, ""),
      frame(FrameType.Priority, 0, 1, [0, 0, 0, 3, 1]),
      frame(0x77, 0, 0, []),
    ];
    for (const each of idle) {
      const stage = Stage.ready("server", { idleFrames: rate }).request(1, 0);
      expect(untilCalm(stage, () => stage.send(each))).toBe(10);
    }
  });

  it("idleFrames: frames of a stream that we have reset", () => {
    const stage = Stage.ready("server", { idleFrames: rate }).request(1, 0);
    stage.connection.reset(stage.stream(1), 8);
    expect(untilCalm(stage, () => stage.send(data(1, "x")))).toBe(10);
  });

  it("idleFrames: acknowledgements of pings that nobody sent", () => {
    const stage = Stage.ready("server", { idleFrames: rate });
    expect(untilCalm(stage, () => stage.send(ping(Flag.Acknowledge)))).toBe(10);
    expect(stage.events).toEqual(["closed ENHANCE_YOUR_CALM Us"]);
    const asked = Stage.ready("server", { idleFrames: rate });
    for (let i = 0; i < 20; i++) asked.connection.ping(new Uint8Array(8));
    expect(untilCalm(asked, () => asked.send(ping(Flag.Acknowledge)))).toBe(30);
    expect(asked.events.filter((event) => event === "pong").length).toBe(20);
  });

  it("windowUpdates: many WINDOW_UPDATE frames", () => {
    const stage = Stage.ready("server", { windowUpdates: rate });
    expect(untilCalm(stage, () => stage.send(windowUpdate(0, 1)))).toBe(10);
  });

  it("smallFragments: a window that is opened byte by byte", () => {
    const stage = Stage.ready("server", { smallFragments: rate });
    stage.send(settings([SettingId.InitialWindowSize, 0])).request(1);
    stage.connection.data(stage.stream(1), [new Uint8Array(1000)], true);
    expect(untilCalm(stage, () => stage.send(windowUpdate(1, 1)))).toBe(10);
  });

  it("continuationsMax: a header section in many frames", () => {
    const stage = Stage.ready("server", { continuationsMax: 10 });
    stage.send(frame(FrameType.Headers, EndStream, 1, []));
    expect(untilCalm(stage, () => stage.send(frame(FrameType.Continuation, 0, 1, [])))).toBe(10);
  });

  it("headerBlockBytesMax: a header section in many bytes", () => {
    const stage = Stage.ready("server", { headerBlockBytesMax: 1000 });
    stage.send(frame(FrameType.Headers, EndStream, 1, new Uint8Array(500)));
    expect(
      untilCalm(stage, () => stage.send(frame(FrameType.Continuation, 0, 1, new Uint8Array(500)))),
    ).toBe(1);
  });

  it("as time passes as much is allowed again, and no more", () => {
    const stage = Stage.ready("server", { pings: rate });
    for (let i = 0; i < 10; i++) stage.send(ping());
    stage.now += 3000;
    expect(untilCalm(stage, () => stage.send(ping()))).toBe(3);
    const later = Stage.ready("server", { pings: rate });
    later.now += 3_600_000;
    expect(untilCalm(later, () => later.send(ping()))).toBeLessThanOrEqual(20);
  });

  it("resets and idle frames are forgiven for streams that come to a good end", () => {
    const stage = Stage.ready("server", { resets: rate, idleFrames: rate });
    for (let id = 1; id < 400; id += 4) {
      stage.request(id, 0).send(resetStream(id, 8), frame(0x77, 0, 0, []));
      stage.request(id + 2);
      stage.connection.head(stage.stream(id + 2), OK_HEAD, [], true);
    }
    expect(stage.connection.phase).toBe("Open");
  });

  it("a reset of a stream that we have answered is none that counts", () => {
    const stage = Stage.ready("server", { resets: rate });
    stage.onHeadThen = (stream) => stage.connection.head(stream, OK_HEAD, [], true);
    for (let id = 1; id < 100; id += 2) stage.request(id, 0).send(resetStream(id, 0));
    expect(stage.connection.phase).toBe("Open");
  });

  it("small fragments are forgiven for whole frames", () => {
    const stage = Stage.ready("server", { smallFragments: rate, streamsMax: 1 });
    stage.send(settings([SettingId.InitialWindowSize, 0])).request(1);
    stage.connection.data(stage.stream(1), [new Uint8Array(60_000)], true);
    for (let i = 0; i < 50; i++) stage.send(windowUpdate(1, 300), windowUpdate(1, 3));
    expect(stage.connection.phase).toBe("Open");
  });

  it("what the peer does is forgiven for what we send: WINDOW_UPDATEs for DATA", () => {
    const stage = Stage.ready("server", { windowUpdates: rate });
    stage.request(1);
    for (let i = 0; i < 50; i++) {
      stage.connection.data(stage.stream(1), [new Uint8Array(10)]);
      stage.send(windowUpdate(0, 10), windowUpdate(1, 10));
    }
    expect(stage.connection.phase).toBe("Open");
  });
});

describe("one stream pays for itself", () => {
  it("headerListBytesMax: a section that decodes to more is reset, and its streams' tables stay in step", () => {
    const stage = Stage.ready("server", { headerListBytesMax: 400 });
    stage.headers(1, HeaderList.of([":method", "POST"], ["x", "y".repeat(400)]), EndStream);
    stage.headers(3, POST, EndStream);
    expect(stage.frames()).toEqual([`RST_STREAM 1 ${CALM}`]);
    expect(stage.events).toEqual([`reset 1 ${CALM} Violation`, "head 3 /test.Echo/Unary end"]);
  });

  it("headerCountMax: so is one of more fields", () => {
    const stage = Stage.ready("server", { headerCountMax: 6 });
    stage
      .headers(1, POST, EndStream)
      .send(frame(FrameType.Headers, EndHeaders | EndStream, 3, new Uint8Array(7).fill(0x82)));
    expect(stage.frames()).toEqual([`RST_STREAM 3 ${CALM}`]);
  });

  it("slowReaderMs: a finished answer that the peer does not take is dropped, an unfinished one stays", () => {
    const stage = Stage.ready("server", { slowReaderMs: 5000 });
    stage
      .send(settings([SettingId.InitialWindowSize, 10]))
      .request(1)
      .request(3);
    for (const id of [1, 3]) {
      stage.connection.head(stage.stream(id), OK_HEAD);
      stage.connection.data(stage.stream(id), [new Uint8Array(100)], id === 1);
    }
    stage.frames();
    stage.connection.tick(stage.now + 5000);
    expect(stage.frames()).toEqual([]);
    stage.connection.tick(stage.now + 5001);
    expect(stage.frames()).toEqual(["RST_STREAM 1 CANCEL"]);
    expect(stage.events.at(-1)).toBe("reset 1 CANCEL Violation");
  });

  it("slowReaderMs counts from the last progress", () => {
    const stage = Stage.ready("server", { slowReaderMs: 5000 });
    stage.send(settings([SettingId.InitialWindowSize, 10])).request(1);
    stage.connection.data(stage.stream(1), [new Uint8Array(100)], true);
    stage.now += 4000;
    stage.send(windowUpdate(1, 1));
    stage.connection.tick(stage.now + 4000);
    expect(stage.connection.streams).toBe(1);
  });
});

describe("what waits to be sent is bounded", () => {
  it("sendQueueBytesMax: more than this over all streams ends the connection", () => {
    const stage = Stage.ready("server", { sendQueueBytesMax: 100_000 });
    for (const id of [1, 3]) {
      stage.request(id);
      stage.connection.data(stage.stream(id), [new Uint8Array(90_000)], true);
    }
    expect(stage.frames().at(-1)).toBe(`GOAWAY 3 ${CALM}`);
  });

  it("sendQueueBytesMax: what is reset, and what has been sent, waits no more", () => {
    const stage = Stage.ready("server", { sendQueueBytesMax: 100_000 });
    stage.send(settings([SettingId.InitialWindowSize, 0]));
    for (let id = 1; id < 20; id += 2) {
      stage.request(id);
      stage.connection.data(stage.stream(id), [new Uint8Array(50_000)], true);
      if (id % 4 === 1) stage.connection.reset(stage.stream(id), 8);
      else stage.send(windowUpdate(id, 50_000), windowUpdate(0, 50_000));
    }
    expect(stage.connection.phase).toBe("Open");
  });

  it("outputBytesMax: a peer that asks and reads nothing is cut off without another word", () => {
    const stage = Stage.ready("server", {
      outputBytesMax: 1000,
      pings: { burst: 1e6, perSecond: 0 },
    });
    stage.connection.block();
    for (let i = 0; i < 100; i++) stage.send(ping());
    expect(stage.connection.phase).toBe("Closed");
    expect(stage.events).toEqual(["closed ENHANCE_YOUR_CALM Transport"]);
  });

  it("closedStreamsMax: a stream that is forgotten is given the benefit of the doubt", () => {
    const stage = Stage.ready("server", { closedStreamsMax: 4 });
    for (let id = 1; id < 20; id += 2) {
      stage.request(id);
      stage.connection.head(stage.stream(id), OK_HEAD, [], true);
    }
    stage.frames();
    expect(stage.send(data(1, "x")).frames()).toEqual([]);
    expect(stage.send(data(19, "x")).frames()).toEqual(["GOAWAY 19 STREAM_CLOSED"]);
  });
});

describe("keepalive pings (gRPC A8)", () => {
  const keepalive = { pingIntervalMsMin: 5000, pingWithoutStream: false, pingStrikesMax: 2 };
  const ready = (): Stage => Stage.ready("server", {}, { keepalive });
  const pinged = (stage: Stage, everyMs: number): number =>
    untilCalm(stage, () => {
      stage.now += everyMs;
      stage.send(ping());
    });

  it("without a stream the third that comes too soon after another ends the connection", () => {
    expect(pinged(ready(), 60_000)).toBe(3);
  });

  it("with a stream they may come at the interval", () => {
    expect(pinged(ready().request(1, 0), 5000)).toBe(100);
    expect(pinged(ready().request(1, 0), 4999)).toBe(3);
  });

  it("what is sent on a stream forgives all strikes", () => {
    const stage = ready().request(1, 0);
    stage.connection.head(stage.stream(1), OK_HEAD);
    for (let i = 0; i < 50; i++) {
      stage.send(ping(), ping());
      stage.connection.message(stage.stream(1), [new Uint8Array(1)]);
    }
    expect(stage.connection.phase).toBe("Open");
  });

  it("so does each DATA frame of one message: a client measures its bandwidth all through a large answer", () => {
    const limits = { pings: { burst: 10, perSecond: 0 } };
    const stage = Stage.ready("server", limits, { keepalive }).request(1);
    stage.connection.head(stage.stream(1), OK_HEAD);
    stage.connection.message(stage.stream(1), [new Uint8Array(1_400_000)], false, true);
    let received = 0;
    for (let frames = dataOf(stage); frames.length > 0; frames = dataOf(stage)) {
      for (const bytes of frames) {
        received += bytes;
        stage.send(windowUpdate(0, bytes), windowUpdate(1, bytes));
      }
      stage.send(ping());
    }
    expect([received, stage.connection.phase]).toEqual([1_400_005, "Open"]);
  });

  it("what waits for a window forgives nothing", () => {
    const stage = ready()
      .send(settings([SettingId.InitialWindowSize, 0]))
      .request(1, 0);
    stage.connection.head(stage.stream(1), OK_HEAD);
    expect(
      untilCalm(stage, () => {
        stage.connection.message(stage.stream(1), [new Uint8Array(1)]);
        stage.send(ping());
      }),
    ).toBe(3);
  });
});
