import { describe, expect, it } from "vitest";
import { Flag, FrameType, HeaderList, PREFACE, SettingId } from "../../src/protocol/index.ts";
import {
  data,
  frame,
  goAway,
  POST,
  ping,
  resetStream,
  Stage,
  settings,
  settingsAck,
  uint32,
  utf8,
  windowUpdate,
} from "./stage.ts";

const { EndStream, EndHeaders, Padded, Priority } = Flag;

/** What a server answers to what a client must not send. Each begins after the two sides have greeted each other. */
type Case = readonly [title: string, act: (stage: Stage) => unknown, want: readonly string[]];

function refusals(section: string, cases: readonly Case[]): void {
  describe(section, () => {
    for (const [title, act, want] of cases) {
      it(title, () => {
        const stage = Stage.ready();
        act(stage);
        expect(stage.frames()).toEqual(want);
        if (want.some((line) => line.startsWith("GOAWAY")))
          expect(stage.connection.phase).toBe("Closed");
        else expect(stage.connection.phase).toBe("Open");
      });
    }
  });
}

const protocolError = (lastId = 0): string => `GOAWAY ${lastId} PROTOCOL_ERROR`;
const block = (stage: Stage, list: HeaderList = POST): Uint8Array =>
  stage.encoder.encode(list).slice();

describe("§3.4 preface", () => {
  it("a server begins with SETTINGS, and acknowledges those of the client", () => {
    const stage = new Stage();
    expect(stage.frames()).toEqual(["SETTINGS", "WINDOW_UPDATE 0 8323073"]);
    stage.send(PREFACE, settings());
    expect(stage.frames()).toEqual(["SETTINGS ACK"]);
  });

  it("a client begins with the preface and SETTINGS", () => {
    expect(new Stage("client").frames().slice(0, 2)).toEqual(["PREFACE", "SETTINGS"]);
  });

  it("anything else than the preface is a connection error, as soon as it differs", () => {
    const stage = new Stage();
    stage.frames();
    stage.send(utf8("PRI * HTTP/1.1\r\n"));
    expect(stage.frames()).toEqual([protocolError()]);
  });

  it("a first frame that is not SETTINGS is a connection error, for both roles", () => {
    const server = new Stage();
    server.frames();
    server.send(PREFACE, ping());
    expect(server.frames()).toEqual([protocolError()]);
    const client = new Stage("client");
    client.frames();
    client.send(settingsAck());
    expect(client.frames()).toEqual([protocolError()]);
  });

  it("the preface may come byte by byte", () => {
    const stage = new Stage();
    stage.frames();
    for (const byte of PREFACE) stage.send(Uint8Array.of(byte));
    stage.send(settings());
    expect(stage.frames()).toEqual(["SETTINGS ACK"]);
  });
});

refusals("§4.1 frame format", [
  [
    "a frame of an unknown type is ignored",
    (s) => s.send(frame(0x16, 0xff, 1, [1, 2]), ping()),
    ["PING ACK"],
  ],
  ["undefined flags are ignored", (s) => s.send(ping(0xf6)), ["PING ACK"]],
  [
    "the reserved bit is ignored",
    (s) => {
      const bytes = ping();
      bytes[5] = 0x80;
      s.send(bytes);
    },
    ["PING ACK"],
  ],
]);

refusals("§4.2 frame size", [
  [
    "a DATA frame of 16,384 bytes is taken",
    (s) => s.request(1, 0).send(data(1, new Uint8Array(16_384))),
    [],
  ],
  [
    "a larger DATA frame is an error",
    (s) => s.request(1, 0).send(data(1, new Uint8Array(16_385))),
    ["GOAWAY 1 FRAME_SIZE_ERROR"],
  ],
  [
    "a larger HEADERS frame is a connection error",
    (s) => s.send(frame(FrameType.Headers, EndHeaders, 1, new Uint8Array(16_385))),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
]);

refusals("§4.3 field section compression", [
  [
    "a block that cannot be decoded is a connection error",
    (s) => s.send(frame(FrameType.Headers, EndHeaders | EndStream, 1, [0xff, 0xff, 0xff])),
    ["GOAWAY 0 COMPRESSION_ERROR"],
  ],
  [
    "another frame between those of a block is a connection error",
    (s) => s.send(frame(FrameType.Headers, EndStream, 1, block(s)), ping()),
    [protocolError()],
  ],
  [
    "so is one of another stream",
    (s) =>
      s.send(
        frame(FrameType.Headers, EndStream, 1, block(s)),
        frame(FrameType.Continuation, EndHeaders, 3, []),
      ),
    [protocolError()],
  ],
  [
    "and one of an unknown type (§5.5)",
    (s) => s.send(frame(FrameType.Headers, EndStream, 1, block(s)), frame(0x16, 0, 0, [])),
    [protocolError()],
  ],
]);

refusals("§5.1 stream states: idle", [
  ["DATA", (s) => s.send(data(1, "x")), [protocolError()]],
  ["RST_STREAM", (s) => s.send(resetStream(1, 8)), [protocolError()]],
  ["WINDOW_UPDATE", (s) => s.send(windowUpdate(1, 1)), [protocolError()]],
  [
    "CONTINUATION",
    (s) => s.send(frame(FrameType.Continuation, EndHeaders, 1, block(s))),
    [protocolError()],
  ],
  [
    "PRIORITY is taken",
    (s) => s.send(frame(FrameType.Priority, 0, 1, [0, 0, 0, 3, 1]), ping()),
    ["PING ACK"],
  ],
]);

refusals("§5.1 stream states: half-closed (remote)", [
  [
    "DATA is a stream error",
    (s) => s.request(1).send(data(1, "x")),
    ["RST_STREAM 1 STREAM_CLOSED"],
  ],
  ["HEADERS are a stream error", (s) => s.request(1).request(1), ["RST_STREAM 1 STREAM_CLOSED"]],
  [
    "WINDOW_UPDATE, PRIORITY and RST_STREAM are taken",
    (s) =>
      s
        .request(1)
        .send(
          windowUpdate(1, 5),
          frame(FrameType.Priority, 0, 1, [0, 0, 0, 3, 1]),
          resetStream(1, 8),
        ),
    [],
  ],
]);

describe("§5.1 stream states: closed", () => {
  const ended = (): Stage => {
    const stage = Stage.ready();
    stage.request(1);
    stage.connection.head(stage.stream(1), HeaderList.of([":status", "200"]), [], true);
    stage.frames();
    expect(stage.connection.streams).toBe(0);
    return stage;
  };

  it("DATA after END_STREAM on both sides is a connection error", () => {
    expect(ended().send(data(1, "x")).frames()).toEqual(["GOAWAY 1 STREAM_CLOSED"]);
  });

  it("HEADERS after END_STREAM on both sides are a connection error", () => {
    expect(ended().request(1).frames()).toEqual(["GOAWAY 1 STREAM_CLOSED"]);
  });

  it("WINDOW_UPDATE and RST_STREAM may still have been on their way", () => {
    expect(ended().send(windowUpdate(1, 1), resetStream(1, 8)).frames()).toEqual([]);
  });

  it("DATA after the peer's own RST_STREAM is an error", () => {
    const stage = Stage.ready();
    stage.request(1, 0).send(resetStream(1, 8), data(1, "x"));
    expect(stage.frames()).toEqual(["GOAWAY 1 STREAM_CLOSED"]);
  });

  it("HEADERS after the peer's own RST_STREAM are an error", () => {
    const stage = Stage.ready();
    stage.request(1, 0).send(resetStream(1, 8));
    expect(stage.request(1).frames()).toEqual(["GOAWAY 1 STREAM_CLOSED"]);
  });

  it("after our RST_STREAM, DATA and HEADERS are passed over, and count for the tables and the window", () => {
    const stage = Stage.ready("server", { connectionWindowBytes: 65_535 });
    stage.request(1, 0);
    stage.connection.reset(stage.stream(1), 8);
    expect(stage.frames()).toEqual(["RST_STREAM 1 CANCEL"]);
    for (let i = 0; i < 3; i++) stage.send(data(1, new Uint8Array(16_000)));
    stage.headers(1, HeaderList.of(["x-new", "y"]), EndStream);
    expect(stage.frames()).toEqual(["WINDOW_UPDATE 0 48000"]);
    stage.headers(
      3,
      [...POST.fields.map(({ name, value }) => [name, value] as const), ["x-new", "y"]],
      EndStream,
    );
    expect(stage.events.at(-1)).toBe("head 3 /test.Echo/Unary end");
    expect(stage.frames()).toEqual([]);
  });
});

refusals("§5.1.1 stream identifiers", [
  ["an even number is a connection error", (s) => s.request(2), [protocolError()]],
  [
    "a number below the highest, never opened, is a connection error",
    (s) => s.request(5).request(3),
    [protocolError(5)],
  ],
  ["HEADERS on stream 0 are a connection error", (s) => s.request(0), [protocolError()]],
]);

describe("§5.1.2 stream concurrency", () => {
  it("one stream more than announced is refused, and its headers still count for the tables", () => {
    const stage = Stage.ready("server", { streamsMax: 2 });
    stage.request(1).request(3);
    stage.headers(
      5,
      [
        [":method", "POST"],
        ["x-a", "b"],
      ],
      EndStream,
    );
    expect(stage.frames()).toEqual(["RST_STREAM 5 REFUSED_STREAM"]);
    stage.send(resetStream(1, 8)).headers(7, [...pairsOf(POST), ["x-a", "b"]], EndStream);
    expect(stage.events.at(-1)).toBe("head 7 /test.Echo/Unary end");
  });

  it("a client opens no more streams than the server allows", () => {
    const client = Stage.ready("client");
    client.send(settings([SettingId.MaxConcurrentStreams, 1]));
    const first = client.connection.open(POST, "first");
    expect(first?.id).toBe(1);
    expect(client.connection.open(POST, "second")).toBeNull();
    client.connection.reset(first as NonNullable<typeof first>, 8);
    expect(client.connection.open(POST, "third")?.id).toBe(3);
  });
});

const pairsOf = (list: HeaderList): readonly (readonly [string, string])[] =>
  list.fields.map(({ name, value }) => [name, value] as const);

refusals("§5.3 priority", [
  [
    "a stream that depends on itself, in HEADERS",
    (s) =>
      s.send(frame(FrameType.Headers, EndHeaders | Priority, 1, [...uint32(1), 1, ...block(s)])),
    [protocolError()],
  ],
  [
    "a stream that depends on itself, in PRIORITY",
    (s) => s.send(frame(FrameType.Priority, 0, 1, [...uint32(1), 1])),
    [protocolError()],
  ],
  [
    "a priority in HEADERS is passed over",
    (s) =>
      s.send(
        frame(FrameType.Headers, EndHeaders | Priority | EndStream, 1, [
          ...uint32(0),
          1,
          ...block(s),
        ]),
      ),
    [],
  ],
]);

describe("§5.4.1 connection errors", () => {
  it("GOAWAY names the last stream that was taken; nothing is received afterwards; streams are told", () => {
    const stage = Stage.ready();
    stage.request(1, 0).request(3, 0).send(data(0, "x"), ping());
    expect(stage.frames()).toEqual(["GOAWAY 3 PROTOCOL_ERROR"]);
    expect(stage.events.slice(-3)).toEqual([
      "closed PROTOCOL_ERROR Us",
      "reset 1 PROTOCOL_ERROR Connection",
      "reset 3 PROTOCOL_ERROR Connection",
    ]);
  });
});

refusals("§6.1 DATA", [
  ["on stream 0", (s) => s.send(data(0, "x")), [protocolError()]],
  [
    "padding as long as the payload",
    (s) => s.request(1, 0).send(frame(FrameType.Data, Padded, 1, [5, 1, 2, 3, 4])),
    [protocolError(1)],
  ],
  [
    "padded and empty",
    (s) => s.request(1, 0).send(frame(FrameType.Data, Padded, 1, [])),
    ["GOAWAY 1 FRAME_SIZE_ERROR"],
  ],
]);

it("§6.1: padding is taken off what the handler gets, and given back to the window", () => {
  const stage = Stage.ready("server", { connectionWindowBytes: 65_535, streamWindowBytes: 65_535 });
  stage.consumes = false;
  stage.request(1, 0);
  const payload = [255, ...utf8("hello"), ...new Uint8Array(255)];
  for (let i = 0; i < 130; i++) stage.send(frame(FrameType.Data, Padded, 1, payload));
  expect(stage.events.at(-1)).toBe("data 1 5");
  expect(stage.frames()).toEqual(["WINDOW_UPDATE 0 32768"]);
});

refusals("§6.2 HEADERS", [
  [
    "padding longer than the payload",
    (s) => s.send(frame(FrameType.Headers, EndHeaders | Padded, 1, [200, 0x82])),
    [protocolError()],
  ],
  [
    "no room for the priority",
    (s) => s.send(frame(FrameType.Headers, EndHeaders | Priority, 1, [0, 0])),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
  [
    "padding is taken off",
    (s) =>
      s.send(
        frame(FrameType.Headers, EndHeaders | EndStream | Padded, 1, [3, ...block(s), 0, 0, 0]),
      ),
    [],
  ],
]);

refusals("§6.3 PRIORITY", [
  [
    "on stream 0",
    (s) => s.send(frame(FrameType.Priority, 0, 0, [0, 0, 0, 1, 1])),
    [protocolError()],
  ],
  [
    "of another length than 5",
    (s) => s.send(frame(FrameType.Priority, 0, 1, [0, 0, 0, 1])),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
]);

refusals("§6.4 RST_STREAM", [
  ["on stream 0", (s) => s.send(resetStream(0, 8)), [protocolError()]],
  [
    "of another length than 4",
    (s) => s.request(1, 0).send(frame(FrameType.ResetStream, 0, 1, [0, 0, 8])),
    ["GOAWAY 1 FRAME_SIZE_ERROR"],
  ],
]);

it("§7: an unknown error code is a reset like any other, and no reason to end the connection", () => {
  const stage = Stage.ready();
  stage.request(1, 0).send(resetStream(1, 0xdead_beef), ping());
  expect(stage.events.at(-1)).toBe("reset 1 error 3735928559 Peer");
  expect(stage.frames()).toEqual(["PING ACK"]);
});

describe("§5.1 stream states: half-closed (local)", () => {
  it("everything is received until the peer ends too", () => {
    const client = Stage.ready("client");
    client.connection.open(POST, "call", [], true);
    client.frames();
    client.send(windowUpdate(1, 5), frame(FrameType.Priority, 0, 1, [0, 0, 0, 3, 1]));
    client.headers(1, [[":status", "200"]]).send(data(1, "x"), data(1, "y", EndStream));
    expect(client.events).toEqual(["head 1 200", "data 1 1", "data 1 1 end"]);
    expect([client.frames(), client.connection.streams]).toEqual([[], 0]);
  });
});

refusals("§6.5 SETTINGS", [
  [
    "an ACK with a payload",
    (s) => s.send(frame(FrameType.Settings, 1, 0, [0])),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
  ["on a stream", (s) => s.send(frame(FrameType.Settings, 0, 1, [])), [protocolError()]],
  [
    "of a length that is no multiple of 6",
    (s) => s.send(frame(FrameType.Settings, 0, 0, [0, 3, 0])),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
  ["ENABLE_PUSH of 2", (s) => s.send(settings([2, 2])), [protocolError()]],
  [
    "INITIAL_WINDOW_SIZE above 2^31-1",
    (s) => s.send(settings([4, 0x8000_0000])),
    ["GOAWAY 0 FLOW_CONTROL_ERROR"],
  ],
  ["MAX_FRAME_SIZE below 16,384", (s) => s.send(settings([5, 16_383])), [protocolError()]],
  ["MAX_FRAME_SIZE above 2^24-1", (s) => s.send(settings([5, 16_777_216])), [protocolError()]],
  ["an unknown setting is ignored", (s) => s.send(settings([0xff, 1])), ["SETTINGS ACK"]],
  [
    "each is acknowledged, in order with what follows",
    (s) => s.send(settings(), settings(), ping()),
    ["SETTINGS ACK", "SETTINGS ACK", "PING ACK"],
  ],
  [
    "the last of equal entries holds",
    (s) => s.send(settings([4, 0x7fffffff], [4, 1])),
    ["SETTINGS ACK"],
  ],
]);

it("§6.5: SETTINGS that are never acknowledged end the connection", () => {
  const stage = new Stage();
  stage.send(PREFACE, settings());
  stage.frames();
  stage.connection.tick(stage.now + 20_000);
  expect(stage.frames()).toEqual([]);
  stage.connection.tick(stage.now + 20_001);
  expect(stage.frames()).toEqual(["GOAWAY 0 SETTINGS_TIMEOUT"]);
});

it("§6.5.2: a client takes it for an error that a server enables pushes", () => {
  const client = Stage.ready("client");
  client.send(settings([2, 1]));
  expect(client.frames()).toEqual([protocolError()]);
});

describe("§4.3.1 the compression state", () => {
  it("a peer that wants a table of no size is told so, and our blocks refer to nothing", () => {
    const stage = Stage.ready();
    stage.send(settings([SettingId.HeaderTableSize, 0]));
    for (const id of [1, 3]) {
      stage.request(id);
      stage.connection.head(
        stage.stream(id),
        HeaderList.of([":status", "200"], ["x-a", "b"]),
        [],
        true,
      );
    }
    const bytes = Buffer.concat(stage.connection.take());
    const first = bytes.indexOf(Buffer.from([1, 5, 0, 0, 0, 1])) + 6;
    const second = bytes.indexOf(Buffer.from([1, 5, 0, 0, 0, 3])) + 6;
    expect(bytes.subarray(first, first + 3).toString("hex")).toBe("208800");
    expect(bytes.subarray(second, second + 2).toString("hex")).toBe("8800");
  });

  it("our own smaller table must be said at the beginning of the first block after it is acknowledged", () => {
    const stage = new Stage("server", { headerTableBytes: 100 });
    stage.frames();
    stage.send(PREFACE, settings()).request(1).send(settingsAck());
    stage.frames();
    expect(stage.request(3).frames()).toEqual(["GOAWAY 1 COMPRESSION_ERROR"]);
  });
});

describe("§6.6 PUSH_PROMISE", () => {
  for (const role of ["server", "client"] as const) {
    it(`is an error to a ${role}`, () => {
      const stage = Stage.ready(role);
      if (role === "client") stage.connection.open(POST, "call");
      else stage.request(1, 0);
      stage.frames();
      stage.send(frame(FrameType.PushPromise, EndHeaders, 1, [0, 0, 0, 2, 0x82]));
      expect(stage.frames()).toEqual([protocolError(role === "server" ? 1 : 0)]);
    });
  }
});

refusals("§6.7 PING", [
  ["is answered with its payload", (s) => s.send(ping()), ["PING ACK"]],
  ["an ACK is not answered", (s) => s.send(ping(1)), []],
  ["on a stream", (s) => s.send(frame(FrameType.Ping, 0, 1, new Uint8Array(8))), [protocolError()]],
  [
    "of another length than 8",
    (s) => s.send(frame(FrameType.Ping, 0, 0, new Uint8Array(6))),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
]);

refusals("§6.8 GOAWAY", [
  [
    "on a stream",
    (s) => s.send(frame(FrameType.GoAway, 0, 1, new Uint8Array(8))),
    [protocolError()],
  ],
  [
    "of less than 8 bytes",
    (s) => s.send(frame(FrameType.GoAway, 0, 0, new Uint8Array(7))),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
]);

it("§6.8: a server whose client goes away without an error serves what it has", () => {
  const stage = Stage.ready();
  stage.request(1).send(goAway(0, 0));
  stage.connection.head(stage.stream(1), HeaderList.of([":status", "200"]), [], true);
  expect(stage.frames()).toEqual(["HEADERS 1 :status=200 END_STREAM"]);
});

refusals("§6.9 WINDOW_UPDATE", [
  ["of nothing, for the connection", (s) => s.send(windowUpdate(0, 0)), [protocolError()]],
  [
    "of nothing, for a stream",
    (s) => s.request(1, 0).send(windowUpdate(1, 0)),
    ["RST_STREAM 1 PROTOCOL_ERROR"],
  ],
  [
    "of another length than 4",
    (s) => s.send(frame(FrameType.WindowUpdate, 0, 0, [0, 0, 1])),
    ["GOAWAY 0 FRAME_SIZE_ERROR"],
  ],
  [
    "§6.9.1: beyond 2^31-1, for the connection",
    (s) => s.send(windowUpdate(0, 0x7fffffff)),
    ["GOAWAY 0 FLOW_CONTROL_ERROR"],
  ],
  [
    "§6.9.1: beyond 2^31-1, for a stream",
    (s) => s.request(1, 0).send(windowUpdate(1, 0x7fffffff)),
    ["RST_STREAM 1 FLOW_CONTROL_ERROR"],
  ],
  [
    "§6.9.2: INITIAL_WINDOW_SIZE that takes a stream's window beyond 2^31-1",
    (s) => s.request(1, 0).send(windowUpdate(1, 100), settings([4, 0x7fffffff])),
    ["SETTINGS ACK", "GOAWAY 1 FLOW_CONTROL_ERROR"],
  ],
]);

refusals("§6.10 CONTINUATION", [
  [
    "several make one block",
    (s) => {
      const bytes = block(s);
      s.send(
        frame(FrameType.Headers, EndStream, 1, bytes.subarray(0, 1)),
        frame(FrameType.Continuation, 0, 1, bytes.subarray(1, 2)),
        frame(FrameType.Continuation, EndHeaders, 1, bytes.subarray(2)),
      );
      expect(s.events).toEqual(["head 1 /test.Echo/Unary end"]);
    },
    [],
  ],
  [
    "on stream 0",
    (s) =>
      s.send(
        frame(FrameType.Headers, 0, 1, block(s)),
        frame(FrameType.Continuation, EndHeaders, 0, []),
      ),
    [protocolError()],
  ],
  [
    "after a block that is whole",
    (s) => s.request(1, 0).send(frame(FrameType.Continuation, EndHeaders, 1, [])),
    [protocolError(1)],
  ],
  [
    "after DATA",
    (s) => s.request(1, 0).send(data(1, "x"), frame(FrameType.Continuation, EndHeaders, 1, [])),
    [protocolError(1)],
  ],
]);

describe("§8.1 message framing", () => {
  const malformed = (title: string, act: (stage: Stage) => unknown): void =>
    it(title, () => {
      const stage = Stage.ready();
      act(stage);
      expect(stage.frames()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    });

  malformed("a second section without END_STREAM", (s) => s.request(1, 0).headers(1, [["x", "y"]]));
  malformed("pseudo-header fields in trailers", (s) =>
    s.request(1, 0).headers(1, [[":method", "GET"]], EndStream),
  );
  malformed("§8.2.1: an upper-case name in trailers", (s) =>
    s.request(1, 0).headers(1, [["X", "y"]], EndStream),
  );
  malformed("§8.1.1: less body than content-length says", (s) =>
    s.headers(1, [...pairsOf(POST), ["content-length", "4"]]).send(data(1, "abc", EndStream)),
  );
  malformed("§8.1.1: more body than content-length says", (s) =>
    s.headers(1, [...pairsOf(POST), ["content-length", "4"]]).send(data(1, "abc"), data(1, "de")),
  );
  malformed("§8.1.1: content-length, and no body", (s) =>
    s.headers(1, [...pairsOf(POST), ["content-length", "4"]], EndStream),
  );
  malformed("§8.1.1: less body than content-length says, ended by trailers", (s) =>
    s.headers(1, [...pairsOf(POST), ["content-length", "4"]]).headers(1, [["x", "y"]], EndStream),
  );

  it("a body as long as content-length says, and trailers, are taken", () => {
    const stage = Stage.ready();
    stage
      .headers(1, [...pairsOf(POST), ["content-length", "4"]])
      .send(data(1, "ab"), data(1, "cd"));
    stage.headers(1, [["x", "y"]], EndStream);
    expect(stage.events).toEqual(["head 1 /test.Echo/Unary", "data 1 2", "data 1 2", "trailers 1"]);
  });

  it("a client takes interim responses for what they are, and DATA before a response for an error", () => {
    const client = Stage.ready("client");
    client.connection.open(POST, "one");
    client.connection.open(POST, "two");
    client.headers(1, [[":status", "103"]]).headers(1, [[":status", "200"]]);
    expect(client.events).toEqual(["head 1 200"]);
    client.frames();
    client.send(data(3, "x"));
    expect(client.frames()).toEqual(["RST_STREAM 3 PROTOCOL_ERROR"]);
  });

  it("a client takes an interim response that ends the stream, and one without a status, for an error", () => {
    const client = Stage.ready("client");
    for (const owner of ["one", "two", "three"]) client.connection.open(POST, owner);
    client.frames();
    client
      .headers(1, [[":status", "100"]], EndStream)
      .headers(3, [["x", "y"]])
      .headers(5, [[":status", "101"]]);
    expect(client.frames()).toEqual([
      "RST_STREAM 1 PROTOCOL_ERROR",
      "RST_STREAM 3 PROTOCOL_ERROR",
      "RST_STREAM 5 PROTOCOL_ERROR",
    ]);
  });
});
