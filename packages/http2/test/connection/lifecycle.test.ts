import { describe, expect, it } from "vitest";
import { Flag, HeaderList, SettingId } from "../../src/protocol/index.ts";
import {
  data,
  frame,
  goAway,
  OK_HEAD,
  OK_TRAILERS,
  POST,
  ping,
  resetStream,
  Stage,
  settings,
  windowUpdate,
} from "./stage.ts";

const { EndStream } = Flag;
const drainPong = frame(6, 1, 0, [...Buffer.from("drain-01")]);

describe("a server that drains (RFC 9113 §6.8)", () => {
  it("says so, takes what is on its way until the peer has heard it, then names the last, and ends with it", () => {
    const stage = Stage.ready();
    stage.request(1);
    stage.connection.drain();
    expect(stage.frames()).toEqual(["GOAWAY 2147483647 NO_ERROR", "PING"]);
    stage.request(3).send(drainPong);
    expect(stage.frames()).toEqual(["GOAWAY 3 NO_ERROR"]);
    stage.headers(5, [["x-late", "1"]], EndStream).send(data(5, "late", EndStream));
    expect(stage.frames()).toEqual([]);
    for (const id of [1, 3]) stage.connection.head(stage.stream(id), OK_HEAD, [], true);
    expect(stage.frames().map((line) => line.slice(0, 9))).toEqual(["HEADERS 1", "HEADERS 3"]);
    expect(stage.connection.phase).toBe("Closed");
    expect(stage.events.at(-1)).toBe("closed NO_ERROR Us");
  });

  it("does not wait longer than drainNoticeMs for a peer that does not answer", () => {
    const stage = Stage.ready("server", { drainNoticeMs: 500 });
    stage.connection.drain();
    stage.connection.tick(stage.now + 501);
    expect(stage.frames()).toEqual(["GOAWAY 2147483647 NO_ERROR", "PING", "GOAWAY 0 NO_ERROR"]);
    expect(stage.connection.phase).toBe("Closed");
  });
});

describe("a client", () => {
  const calls = (n: number): Stage => {
    const client = Stage.ready("client");
    for (let i = 0; i < n; i++) {
      const stream = client.connection.open(POST, `call ${i}`, [], true);
      if (stream !== null) client.streams.set(stream.id, stream);
    }
    client.frames();
    return client;
  };

  it("sends a request and hears the answer", () => {
    const client = Stage.ready("client");
    const stream = client.connection.open(POST, "owner");
    if (stream === null) throw new Error("not opened");
    client.connection.message(stream, [new Uint8Array(2)], false, true);
    expect(client.frames()[1]).toBe("DATA 1 7 END_STREAM");
    client.headers(1, OK_HEAD).send(data(1, "abc")).headers(1, OK_TRAILERS, EndStream);
    expect(client.events).toEqual(["head 1 200", "data 1 3", "trailers 1"]);
    expect(client.connection.streams).toBe(0);
  });

  it("hears of a GOAWAY which of its calls were not looked at, and keeps the others", () => {
    const client = calls(3);
    client.send(goAway(3, 0));
    expect(client.events).toEqual(["reset 5 NO_ERROR Unprocessed"]);
    expect(client.connection.open(POST, "another")).toBeNull();
    client.headers(1, OK_HEAD, EndStream).headers(3, OK_HEAD, EndStream);
    expect(client.events.slice(-1)).toEqual(["closed NO_ERROR Peer"]);
    expect(client.connection.phase).toBe("Closed");
  });

  it("follows a second GOAWAY that names an earlier stream, and ignores that one names a later (§6.8)", () => {
    const client = calls(3);
    client.send(goAway(0x7fffffff, 0));
    expect(client.events).toEqual([]);
    client.send(goAway(1, 0), goAway(5, 0));
    expect(client.events).toEqual(["reset 3 NO_ERROR Unprocessed", "reset 5 NO_ERROR Unprocessed"]);
  });

  it("takes REFUSED_STREAM as a sign that nothing was done", () => {
    const client = calls(2);
    client.send(resetStream(1, 7), resetStream(3, 8));
    expect(client.events).toEqual(["reset 1 REFUSED_STREAM Unprocessed", "reset 3 CANCEL Peer"]);
  });

  it("drains: finishes its calls and says nothing of errors", () => {
    const client = calls(1);
    client.connection.drain();
    expect(client.frames()).toEqual(["GOAWAY 0 NO_ERROR"]);
    client.headers(1, OK_HEAD, EndStream);
    expect(client.connection.phase).toBe("Closed");
  });

  it("§5.1.1: opens no stream after the last number there is", () => {
    const client = Stage.ready("client");
    expect(client.connection.capacity).toBe(Number.POSITIVE_INFINITY);
    client.send(settings([SettingId.MaxConcurrentStreams, 3]));
    expect(client.connection.capacity).toBe(3);
  });

  it("HEADERS and DATA on streams that it never opened are errors", () => {
    expect(calls(0).headers(1, OK_HEAD).frames()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(calls(0).headers(2, OK_HEAD).frames()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(calls(0).send(data(1, "x")).frames()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });
});

describe("a stream", () => {
  it("may be answered before its request has ended, and the rest is still understood", () => {
    const stage = Stage.ready();
    stage.onHeadThen = (stream) => stage.connection.head(stream, OK_HEAD, [], true);
    stage.request(1, 0).send(data(1, "abc", EndStream));
    expect(stage.events).toEqual(["head 1 /test.Echo/Unary", "data 1 3 end"]);
    expect(stage.connection.streams).toBe(0);
  });

  it("that was reset in its handler is not spoken of again", () => {
    const stage = Stage.ready();
    stage.onHeadThen = (stream) => stage.connection.reset(stream, 8);
    stage.request(1, 0).send(data(1, "abc"), windowUpdate(1, 1)).headers(1, OK_TRAILERS, EndStream);
    expect(stage.events).toEqual(["head 1 /test.Echo/Unary"]);
    expect(stage.frames()).toEqual(["RST_STREAM 1 CANCEL"]);
  });

  it("takes nothing after its end, its reset or the connection's end", () => {
    const stage = Stage.ready();
    stage.request(1, 0).request(3, 0);
    const [one, three] = [stage.stream(1), stage.stream(3)];
    stage.connection.head(one, OK_HEAD, [], true);
    stage.connection.reset(three, 8);
    stage.frames();
    for (const stream of [one, three]) {
      stage.connection.head(stream, OK_HEAD);
      stage.connection.message(stream, [new Uint8Array(1)]);
      stage.connection.finish(stream, OK_TRAILERS);
    }
    expect(stage.frames()).toEqual([]);
    stage.connection.close();
    stage.connection.message(one, [new Uint8Array(1)]);
    expect(stage.frames()).toEqual(["GOAWAY 3 NO_ERROR"]);
  });
});

describe("the end", () => {
  it("of the transport is told to every stream, and nothing is said to the peer", () => {
    const stage = Stage.ready();
    stage.request(1, 0);
    stage.connection.disconnected("gone");
    expect(stage.frames()).toEqual([]);
    expect(stage.events.slice(-2)).toEqual([
      "closed NO_ERROR Transport",
      "reset 1 NO_ERROR Connection",
    ]);
  });

  it("is told once, and nothing is received after it", () => {
    const stage = Stage.ready();
    stage.connection.close(2, "oops");
    stage.connection.close();
    stage.connection.disconnected("gone");
    stage.send(ping()).connection.tick(1e9);
    expect(stage.frames()).toEqual(["GOAWAY 0 INTERNAL_ERROR"]);
    expect(stage.events).toEqual(["closed INTERNAL_ERROR Us"]);
  });

  it("comes to a server with an error that its client says", () => {
    const stage = Stage.ready();
    stage.request(1, 0).send(goAway(0, 11));
    expect(stage.events.slice(-2)).toEqual([
      "closed ENHANCE_YOUR_CALM Peer",
      "reset 1 ENHANCE_YOUR_CALM Connection",
    ]);
  });
});

it("headers larger than a frame are sent in several, and arrive whole", () => {
  const server = Stage.ready("server", {
    headerListBytesMax: 100_000,
    headerBlockBytesMax: 100_000,
  });
  const client = Stage.ready("client");
  const large = HeaderList.of(
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/"],
    ["x", "\u00ff".repeat(20_000)],
  );
  client.connection.open(large, "large");
  for (const chunk of client.connection.take()) server.send(chunk);
  expect(server.events).toEqual(["head 1 /"]);
});
