import { describe, expect, it } from "vitest";
import { Flag, SettingId } from "../../src/protocol/index.ts";
import { data, OK_HEAD, OK_TRAILERS, Stage, settings, windowUpdate } from "./stage.ts";

const bytes = (n: number): Uint8Array => new Uint8Array(n);

/** A server that answers stream 1 with as many bytes, after the peer has set its windows. */
function answering(length: number, windowBytes: number, connectionMore = 0): Stage {
  const stage = Stage.ready();
  stage.send(settings([SettingId.InitialWindowSize, windowBytes]));
  if (connectionMore > 0) stage.send(windowUpdate(0, connectionMore));
  stage.request(1);
  const { connection } = stage;
  connection.head(stage.stream(1), OK_HEAD);
  connection.data(stage.stream(1), [bytes(length)]);
  connection.finish(stage.stream(1), OK_TRAILERS);
  return stage;
}

const bodies = (stage: Stage): readonly string[] =>
  stage.frames().filter((line) => line.startsWith("DATA") || line.includes("END_STREAM"));

describe("what we send (RFC 9113 §5.2, §6.9)", () => {
  it("never exceeds the stream's window, and goes on as it grows", () => {
    const stage = answering(10, 4);
    expect(bodies(stage)).toEqual(["DATA 1 4"]);
    expect(bodies(stage.send(windowUpdate(1, 5)))).toEqual(["DATA 1 5"]);
    expect(bodies(stage.send(windowUpdate(1, 5)))).toEqual([
      "DATA 1 1",
      "HEADERS 1 grpc-status=0 END_STREAM",
    ]);
  });

  it("never exceeds the connection's window", () => {
    const stage = answering(70_000, 100_000);
    const sent = bodies(stage);
    expect(sent).toEqual([...Array<string>(3).fill("DATA 1 16384"), "DATA 1 16383"]);
    expect(bodies(stage.send(windowUpdate(0, 10_000)))).toEqual([
      "DATA 1 4465",
      "HEADERS 1 grpc-status=0 END_STREAM",
    ]);
  });

  it("never exceeds the connection's window, though each message and stream has room by itself", () => {
    const stage = Stage.ready();
    const sent: string[] = [];
    for (let id = 1; id < 20; id += 2) {
      stage.request(id);
      stage.connection.message(stage.stream(id), [bytes(9995)]);
      sent.push(...bodies(stage));
    }
    const total = sent.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
    expect(total).toBe(65_535);
    expect(stage.stream(19).queuedBytes).toBe(10_000);
    expect(bodies(stage.send(windowUpdate(0, 4465 + 10_000)))).toEqual([
      "DATA 13 4465",
      "DATA 15 10000",
    ]);
  });

  it("§6.9.2: follows a window that the peer makes smaller below zero and larger again", () => {
    const stage = answering(10, 6);
    expect(bodies(stage)).toEqual(["DATA 1 6"]);
    stage.send(settings([SettingId.InitialWindowSize, 2]));
    expect(bodies(stage)).toEqual([]);
    expect(bodies(stage.send(windowUpdate(1, 4)))).toEqual([]);
    expect(bodies(stage.send(windowUpdate(1, 1)))).toEqual(["DATA 1 1"]);
    expect(bodies(stage.send(settings([SettingId.InitialWindowSize, 100])))).toEqual([
      "DATA 1 3",
      "HEADERS 1 grpc-status=0 END_STREAM",
    ]);
  });

  it("§4.2: keeps to the peer's frame size, headers too", () => {
    const stage = answering(40_000, 100_000);
    expect(bodies(stage)).toEqual([
      "DATA 1 16384",
      "DATA 1 16384",
      "DATA 1 7232",
      "HEADERS 1 grpc-status=0 END_STREAM",
    ]);
    const other = Stage.ready();
    other.send(settings([SettingId.MaxFrameSize, 20_000])).request(1);
    other.connection.data(other.stream(1), [bytes(30_000)], true);
    expect(bodies(other)).toEqual(["DATA 1 20000", "DATA 1 10000 END_STREAM"]);
  });

  it("streams take turns, frame by frame", () => {
    const stage = Stage.ready();
    stage
      .send(settings([SettingId.InitialWindowSize, 100_000]))
      .request(1)
      .request(3);
    stage.connection.block();
    for (const id of [1, 3]) stage.connection.data(stage.stream(id), [bytes(30_000)], true);
    stage.connection.unblock();
    expect(bodies(stage)).toEqual([
      "DATA 1 16384",
      "DATA 3 16384",
      "DATA 1 13616 END_STREAM",
      "DATA 3 13616 END_STREAM",
    ]);
  });

  it("a writer is told to wait, and told when all has gone", () => {
    const stage = Stage.ready();
    stage.request(1);
    const { connection } = stage;
    expect(connection.message(stage.stream(1), [bytes(65_535)])).toBe(true);
    expect(stage.stream(1).queuedBytes).toBe(5);
    expect(connection.message(stage.stream(1), [bytes(70_000)])).toBe(false);
    stage.send(windowUpdate(0, 200_000));
    expect(stage.events).not.toContain("drain 1");
    stage.send(windowUpdate(1, 200_000));
    expect(stage.events.at(-1)).toBe("drain 1");
    expect(stage.stream(1).queuedBytes).toBe(0);
  });

  it("while the socket takes nothing bodies wait, and heads and answers to pings do not", () => {
    const stage = Stage.ready();
    stage.request(1);
    stage.connection.block();
    stage.connection.head(stage.stream(1), OK_HEAD);
    stage.connection.message(stage.stream(1), [bytes(3)]);
    expect(stage.frames().map((line) => line.slice(0, 9))).toEqual(["HEADERS 1"]);
    stage.connection.unblock();
    expect(stage.frames()).toEqual(["DATA 1 8"]);
  });

  it("a small message leaves with its prefix in one frame, with END_STREAM on it where it is the last", () => {
    const client = Stage.ready("client");
    const stream = client.connection.open(OK_HEAD, "x");
    if (stream !== null) client.connection.message(stream, [bytes(3), bytes(4)], false, true);
    expect(client.frames().at(-1)).toBe("DATA 1 12 END_STREAM");
  });

  it("an empty end needs no window", () => {
    const stage = answering(4, 4);
    expect(bodies(stage)).toEqual(["DATA 1 4", "HEADERS 1 grpc-status=0 END_STREAM"]);
  });
});

describe("what we receive", () => {
  const limits = { streamWindowBytes: 100_000, connectionWindowBytes: 200_000 };

  it("small messages cost no WINDOW_UPDATE each: half a window is given back at a time", () => {
    const stage = Stage.ready("server", limits);
    for (let id = 1; id < 2 * 99; id += 2)
      stage.request(id, 0).send(data(id, bytes(1000), Flag.EndStream));
    expect(stage.frames()).toEqual([]);
    stage.request(201, 0).send(data(201, bytes(1000), Flag.EndStream));
    expect(stage.frames()).toEqual(["WINDOW_UPDATE 0 100000"]);
  });

  it("a stream gets its window back in halves too", () => {
    const stage = Stage.ready("server", limits);
    stage.request(1, 0);
    for (let i = 0; i < 5; i++) stage.send(data(1, bytes(10_000)));
    expect(stage.frames()).toEqual(["WINDOW_UPDATE 1 50000"]);
  });

  it("what is not consumed is not given back, and more than the stream's window is an error", () => {
    const stage = Stage.ready("server", limits);
    stage.consumes = false;
    stage.request(1, 0);
    for (let i = 0; i < 10; i++) stage.send(data(1, bytes(10_000)));
    expect(stage.frames()).toEqual([]);
    stage.send(data(1, bytes(1)));
    expect(stage.frames()).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR", "WINDOW_UPDATE 0 100001"]);
  });

  it("more than the connection's window is a connection error", () => {
    const stage = Stage.ready("server", limits);
    stage.consumes = false;
    for (const id of [1, 3, 5]) stage.request(id, 0);
    for (const id of [1, 3]) for (let i = 0; i < 10; i++) stage.send(data(id, bytes(10_000)));
    expect(stage.frames()).toEqual([]);
    stage.send(data(5, bytes(1)));
    expect(stage.frames()).toEqual(["GOAWAY 5 FLOW_CONTROL_ERROR"]);
  });

  it("what a stream held when it was reset is given back to the connection", () => {
    const stage = Stage.ready("server", limits);
    stage.consumes = false;
    stage.request(1, 0);
    for (let i = 0; i < 10; i++) stage.send(data(1, bytes(10_000)));
    stage.connection.reset(stage.stream(1), 8);
    expect(stage.frames()).toEqual(["RST_STREAM 1 CANCEL", "WINDOW_UPDATE 0 100000"]);
    stage.connection.consume(stage.stream(1), 100_000);
    expect(stage.frames()).toEqual([]);
  });

  it("a window that is given back outside of `receive` is said at once, on a stream that has ended too", () => {
    const stage = Stage.ready("server", limits);
    stage.consumes = false;
    stage.request(1, 0);
    for (let i = 0; i < 10; i++) stage.send(data(1, bytes(10_000), i === 9 ? Flag.EndStream : 0));
    const before = stage.outputs;
    stage.connection.consume(stage.stream(1), 100_000);
    expect(stage.outputs).toBe(before + 1);
    expect(stage.frames()).toEqual(["WINDOW_UPDATE 0 100000"]);
  });

  it("nothing is given back twice, neither by consuming more than there is nor by a reset", () => {
    const stage = Stage.ready("server", limits);
    stage.consumes = false;
    stage.request(1, 0).send(data(1, bytes(10_000)));
    for (let i = 0; i < 20; i++) stage.connection.consume(stage.stream(1), 10_000);
    stage.connection.reset(stage.stream(1), 8);
    expect(stage.frames()).toEqual(["RST_STREAM 1 CANCEL"]);
    for (let id = 3; id < 3 + 2 * 9; id += 2) stage.request(id, 0).send(data(id, bytes(9999)));
    for (const id of stage.streams.keys()) stage.connection.consume(stage.stream(id), 10_000);
    expect(stage.frames()).toEqual([]);
    stage.request(101, 0).send(data(101, bytes(9)));
    stage.connection.consume(stage.stream(101), 9);
    expect(stage.frames()).toEqual(["WINDOW_UPDATE 0 100000"]);
  });

  it("a window smaller than the initial one holds only after it is acknowledged", () => {
    const stage = new Stage("server", { streamWindowBytes: 10 });
    stage.consumes = false;
    stage.send(new Uint8Array(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), settings());
    stage.request(1, 0).send(data(1, bytes(1000)));
    stage.frames();
    stage.send(new Uint8Array([0, 0, 0, 4, 1, 0, 0, 0, 0]));
    stage.request(3, 0).send(data(3, bytes(11)));
    expect(stage.frames()).toEqual(["RST_STREAM 3 FLOW_CONTROL_ERROR"]);
    stage.send(data(1, bytes(1)));
    expect(stage.frames()).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  });
});
