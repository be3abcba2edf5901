import { describe, expect, it } from "vitest";
import { Assembly, Inbound } from "../../src/protocol/grpc/inbound.ts";
import {
  type Bytes,
  CLIENT_LIMITS,
  CONNECTION_LIMITS,
  Code,
  type Compression,
  GRPC_LIMITS,
  HeaderField,
  OK,
  Pool,
  status,
} from "../../src/protocol/index.ts";
import { ascii, Heard, Pair } from "./pair.ts";

describe("unary calls", () => {
  it("are answered, small, empty and larger than a frame, a window and the connection's window", () => {
    const pair = new Pair();
    for (const size of [1, 0, 5, 16_384, 99_999, 1_500_000]) {
      const heard = pair.unary("Unary", new Uint8Array(size).fill(7));
      expect(heard.end?.status).toEqual(OK);
      expect(heard.bytes[0]?.length).toBe(size);
      expect(heard.bytes[0]?.every((byte) => byte === 7)).toBe(true);
    }
    expect(pair.tally.codes).toEqual([0, 0, 0, 0, 0, 0]);
    expect(pair.tally.sentBytes).toBe(1 + 5 + 16_384 + 99_999 + 1_500_000 + 6 * 5);
    expect(pair.server.connection.streams + pair.client.connection.streams).toBe(0);
  });

  it("a thousand at once, each with its own message", () => {
    const pair = new Pair();
    const calls = Array.from({ length: 1000 }, (_, i) => {
      const { call, heard } = pair.call("Unary");
      call.writeLast([ascii(`message ${i}`)]);
      return heard;
    });
    pair.exchange();
    expect(calls.map(({ messages }) => messages)).toEqual(calls.map((_, i) => [`message ${i}`]));
  });

  it("carry code and text of a failure, in any script, and no answer with it", () => {
    const heard = new Pair().unary("Fail", Uint8Array.of(Code.OutOfRange));
    expect(heard.end?.status).toEqual(status(Code.OutOfRange, "etcdserver: 50% é"));
    expect(heard.messages).toEqual([]);
  });

  it("carry metadata there, ahead of the answer, and behind it", () => {
    const heard = new Pair().unary("Metadata", ascii("x"), {
      metadata: [new HeaderField("x-ask", "what")],
    });
    expect(heard.head?.get("x-head")).toBe("what");
    expect(heard.end?.trailers?.get("x-trailer")).toBe("last");
    expect(heard.code).toBe(Code.OK);
  });

  it("of an unknown method are refused with the router's status", () => {
    expect(new Pair().unary("Missing", ascii("x")).end?.status).toEqual(
      status(Code.Unimplemented, "unknown method /test.Echo/Missing"),
    );
  });

  it("with no message, or with two, are errors, and the handler hears that it is over", () => {
    const pair = new Pair();
    const none = pair.call("Unary");
    none.call.halfClose();
    const two = pair.call("Never");
    two.call.write([ascii("a")]);
    two.call.write([ascii("b")]);
    pair.exchange();
    expect(none.heard.code).toBe(Code.Internal);
    expect(two.heard.code).toBe(Code.Internal);
    expect(pair.seen.events.filter((event) => event === "cancel").length).toBe(2);
  });
});

describe("streaming calls", () => {
  it("go both ways, message by message, and end when the client has", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Chat");
    for (const text of ["one", "two", "three"]) {
      call.write([ascii(text)]);
      pair.exchange();
      expect(heard.messages.at(-1)).toBe(text);
    }
    expect(heard.end).toBeNull();
    call.halfClose();
    pair.exchange();
    expect(heard.code).toBe(Code.OK);
  });

  it("of the server only, and of the client only", () => {
    const pair = new Pair();
    expect(pair.unary("Count", Uint8Array.of(5)).messages).toEqual([
      "\0",
      "\x01",
      "\x02",
      "\x03",
      "\x04",
    ]);
    const { call, heard } = pair.call("Sum");
    for (let i = 0; i < 10; i++) call.write([new Uint8Array(100_000)]);
    call.halfClose();
    pair.exchange();
    expect(heard.messages).toEqual(["1000000"]);
  });

  it("a server's writer is told that its reader is slow, and when there is room again", () => {
    const pair = new Pair(
      {},
      { connection: { limits: { ...CONNECTION_LIMITS, streamWindowBytes: 100_000 } } },
    );
    const { call, heard } = pair.call("Flood");
    call.pause();
    call.writeLast([ascii("x")]);
    pair.exchange();
    expect(pair.seen.events).toContain("full");
    expect(pair.seen.events).not.toContain("drain");
    expect(pair.seen.calls[0]?.buffered).toBeGreaterThan(0);
    const before = heard.messages.length;
    call.resume();
    pair.exchange();
    expect(pair.seen.events).toContain("drain");
    expect(pair.seen.calls[0]?.buffered).toBe(0);
    expect(heard.messages.length).toBeGreaterThan(before);
  });

  it("a client's writer too", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Chat");
    pair.exchange();
    pair.seen.calls[0]?.pause();
    let wrote = 0;
    while (call.write([new Uint8Array(50_000)])) {
      pair.exchange();
      wrote++;
    }
    expect(wrote).toBeGreaterThan(10);
    pair.exchange();
    expect(heard.drains).toBe(0);
    expect(call.buffered).toBeGreaterThan(0);
    pair.seen.calls[0]?.resume();
    pair.exchange();
    expect(heard.drains).toBe(1);
    expect(heard.messages.length).toBe(wrote + 1);
  });

  it("a paused service gets no message and no half-close, and all of them afterwards, in order", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Chat");
    pair.exchange();
    pair.seen.calls[0]?.pause();
    for (const text of ["a", "b", "c"]) call.write([ascii(text)]);
    call.halfClose();
    pair.exchange();
    expect([heard.messages, pair.seen.events]).toEqual([[], []]);
    pair.seen.calls[0]?.resume();
    pair.exchange();
    expect(heard.messages).toEqual(["a", "b", "c"]);
    expect(heard.code).toBe(Code.OK);
  });

  it("an end that arrives while the caller has paused waits for the messages before it", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Count");
    call.pause();
    call.writeLast([Uint8Array.of(3)]);
    pair.exchange();
    expect([heard.messages.length, heard.end]).toEqual([0, null]);
    call.resume();
    expect(heard.messages.length).toBe(3);
    expect(heard.code).toBe(Code.OK);
  });

  it("a server may end a call that the client has not: the client stops", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Listen");
    pair.exchange();
    pair.seen.calls[0]?.end(OK);
    pair.exchange();
    expect(heard.code).toBe(Code.OK);
    call.write([ascii("late")]);
    pair.exchange();
    expect(pair.server.connection.streams + pair.client.connection.streams).toBe(0);
    expect(pair.server.connection.phase).toBe("Open");
  });
});

describe("the end of a call", () => {
  it("a deadline ends it on both sides, at the server by itself", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Never", { timeoutMs: 500 });
    call.writeLast([ascii("x")]);
    pair.exchange();
    expect(pair.seen.calls[0]?.timeoutMs).toBe(500);
    pair.pass(499);
    expect(heard.end).toBeNull();
    pair.pass(60);
    expect(heard.code).toBe(Code.DeadlineExceeded);
    expect(pair.seen.events).toEqual(["message", "half-close", "cancel"]);
    expect(pair.tally.codes).toEqual([Code.DeadlineExceeded]);
  });

  it("a cancelled call is reset, and its handler hears it", () => {
    const pair = new Pair();
    const { call, heard } = pair.call("Listen");
    call.write([ascii("hello")]);
    pair.exchange();
    call.cancel();
    expect(heard.code).toBe(Code.Canceled);
    pair.exchange();
    expect(pair.seen.events).toEqual(["cancel"]);
    expect(pair.tally.codes).toEqual([Code.Canceled]);
  });

  it("calls of a connection that is gone are over for both: Unavailable, and cancelled", () => {
    const pair = new Pair();
    const { heard } = pair.call("Listen");
    pair.exchange();
    pair.client.connection.disconnected("pulled the plug");
    pair.server.connection.disconnected("pulled the plug");
    expect(heard.end?.status).toEqual(status(Code.Unavailable, "pulled the plug"));
    expect(heard.end?.unprocessed).toBe(false);
    expect(pair.seen.events).toEqual(["cancel"]);
    const after = pair.unary("Unary", ascii("x"));
    expect([after.code, after.end?.unprocessed]).toEqual([Code.Unavailable, true]);
  });

  it("a drain ends streams with its reason, answers what is running, and refuses streams that still come", () => {
    const pair = new Pair();
    const chat = pair.call("Chat");
    const unary = pair.call("Never");
    unary.call.writeLast([ascii("x")]);
    pair.exchange();
    const late = pair.call("Chat");
    pair.server.drain(status(Code.Unavailable, "etcdserver: server stopped"));
    pair.exchange();
    for (const { heard } of [chat, late]) expect(heard.text).toBe("etcdserver: server stopped");
    expect(pair.server.connection.phase).toBe("Draining");
    pair.seen.calls[1]?.write([ascii("answer")]);
    pair.seen.calls[1]?.end(OK);
    pair.exchange();
    expect(unary.heard.messages).toEqual(["answer"]);
    expect(pair.server.connection.phase).toBe("Closed");
    expect(pair.client.connection.phase).toBe("Closed");
    expect(pair.unary("Unary", ascii("x")).end?.unprocessed).toBe(true);
  });
});

it("a client that goes on after its call was answered is told to stop, and has its window back", () => {
  const pair = new Pair();
  const { call, heard } = pair.call("Listen");
  pair.exchange();
  // The client's end is deaf: it does not hear that the call is over.
  pair.seen.calls[0]?.end(OK);
  pair.server.connection.take();
  for (let i = 0; i < 5; i++) call.write([new Uint8Array(20_000)]);
  for (const chunk of pair.client.connection.take())
    pair.server.connection.receive(chunk, pair.now);
  expect(pair.server.connection.streams).toBe(0);
  expect(heard.end).toBeNull();
  pair.exchange();
  expect(heard.code).toBe(Code.Internal);
});

describe("limits", () => {
  it("messageBytesMax: a larger message ends its call, and no other", () => {
    const pair = new Pair({ limits: { ...GRPC_LIMITS, messageBytesMax: 1000 } });
    const heard = pair.unary("Unary", new Uint8Array(1001));
    expect(heard.end?.status).toEqual(
      status(Code.ResourceExhausted, "grpc: received message larger than max (1001 vs. 1000)"),
    );
    expect(pair.unary("Unary", new Uint8Array(1000)).code).toBe(Code.OK);
  });

  it("messageBytesMax holds for answers too", () => {
    const pair = new Pair({}, { limits: { ...CLIENT_LIMITS, messageBytesMax: 1000 } });
    expect(pair.unary("Unary", new Uint8Array(1001)).code).toBe(Code.ResourceExhausted);
  });

  it("receivePool: parts of messages over many connections: the one that holds the most is cut, others go on", () => {
    const receivePool = new Pool(400_000);
    const server = { connection: { receivePool } };
    const pairs = Array.from({ length: 8 }, () => new Pair(server));
    for (const pair of pairs) {
      let left = 150_000;
      pair.cut = (bytes) => {
        const there = bytes.subarray(0, left);
        left -= there.length;
        return [there];
      };
      pair.call("Unary").call.writeLast([new Uint8Array(300_000)]);
      pair.exchange();
      expect(receivePool.bytes).toBeLessThanOrEqual(400_000);
    }
    const cut = pairs.filter((pair) => pair.server.connection.phase === "Closed").length;
    expect(cut).toBeGreaterThan(2);
    expect(cut).toBeLessThan(pairs.length);
    expect(new Pair(server).unary("Unary", ascii("whole")).code).toBe(Code.OK);
    for (const pair of pairs) pair.server.connection.disconnected("gone");
    expect(receivePool.bytes).toBe(0);
  });

  it("what is kept of a message that is not whole is copied where it is a small part of what came with it", () => {
    const chunk = new Uint8Array(65_536);
    chunk.set([0, 0, 0, 0, 2, 7], 100);
    const delivered: Bytes[] = [];
    const sink = {
      isOver: false,
      onInbound: (m: Bytes) => void delivered.push(m),
      onUnreadable() {},
    };
    const assembly = new Assembly(1e6, null);
    const inbound = new Inbound(sink, { messageBytesMax: 1e6, assembly }, null, "identity");
    inbound.push(chunk, 100, 106);
    chunk.fill(0);
    inbound.push(Uint8Array.of(8), 0, 1);
    expect(delivered.map((m) => [...m])).toEqual([[7, 8]]);
  });

  it("assemblyBytesMax: parts of messages, over all calls of a connection", () => {
    const pair = new Pair({ limits: { messageBytesMax: 1_000_000, assemblyBytesMax: 100_000 } });
    pair.cut = (bytes) => [bytes.subarray(0, Math.floor(bytes.length / 2))];
    const { call, heard } = pair.call("Unary");
    call.writeLast([new Uint8Array(400_000)]);
    for (let i = 0; i < 3; i++) pair.exchange();
    expect(heard.end ?? pair.tally.codes[0]).toBe(Code.ResourceExhausted);
    expect(pair.server.inbound.assembly.bytes).toBe(0);
  });

  it("assemblyBytesMax: a message that comes byte by byte is counted with what each piece costs", () => {
    const pair = new Pair({ limits: { messageBytesMax: 1_000_000, assemblyBytesMax: 100_000 } });
    const bytes = new Uint8Array(5 + 2000);
    new DataView(bytes.buffer).setUint32(1, 2000);
    const delivered: number[] = [];
    const inbound = new Inbound(
      {
        isOver: false,
        onInbound: (message) => void delivered.push(message.length),
        onUnreadable: (reason) => void delivered.push(-reason.code),
      },
      pair.server.inbound,
      null,
      "identity",
    );
    for (let at = 0; at < bytes.length && delivered.length === 0; at++)
      inbound.push(bytes.slice(at, at + 1), 0, 1);
    expect(delivered).toEqual([-Code.ResourceExhausted]);
    inbound.clear();
    expect(pair.server.inbound.assembly.bytes).toBe(0);
    for (let at = 0; at < bytes.length; at += 200)
      inbound.push(bytes.slice(at, at + 200), 0, Math.min(200, bytes.length - at));
    expect([delivered, pair.server.inbound.assembly.bytes]).toEqual([
      [-Code.ResourceExhausted, 2000],
      0,
    ]);
  });

  it("a client waits for a place, in order, and no more than waitingCallsMax at a time", () => {
    const server = { connection: { limits: { ...CONNECTION_LIMITS, streamsMax: 2 } } };
    const pair = new Pair(server, { limits: { ...CLIENT_LIMITS, waitingCallsMax: 3 } });
    const calls = Array.from({ length: 6 }, (_, i) => {
      const made = pair.call("Unary");
      made.call.writeLast([ascii(String(i))]);
      return made.heard;
    });
    expect(calls[5]?.end).toMatchObject({
      status: { code: Code.ResourceExhausted },
      unprocessed: true,
    });
    expect(pair.client.waiting).toBe(3);
    pair.exchange();
    expect(calls.slice(0, 5).map(({ messages }) => messages)).toEqual([
      ["0"],
      ["1"],
      ["2"],
      ["3"],
      ["4"],
    ]);
    expect(pair.client.waiting).toBe(0);
  });

  it("a call that waits may be cancelled or run out of time, and was never looked at", () => {
    const pair = new Pair({ connection: { limits: { ...CONNECTION_LIMITS, streamsMax: 1 } } });
    pair.call("Listen");
    const [cancelled, late] = [pair.call("Unary"), pair.call("Unary", { timeoutMs: 100 })];
    cancelled.call.cancel();
    pair.pass(200);
    expect(cancelled.heard.end).toMatchObject({
      status: { code: Code.Canceled },
      unprocessed: true,
    });
    expect(late.heard.end).toMatchObject({
      status: { code: Code.DeadlineExceeded },
      unprocessed: true,
    });
    expect(pair.client.waiting).toBe(0);
  });
});

describe("compression", () => {
  /** Turns bytes round and puts their number in front: enough to see that both ends did their part. */
  const turned: Compression = {
    name: "turned",
    compress(parts) {
      const bytes = Buffer.concat(parts).reverse();
      return Uint8Array.from([bytes.length, ...bytes]);
    },
    decompress(bytes, bytesMax) {
      if ((bytes[0] ?? 0) > bytesMax) return "TooLarge";
      return bytes.length === 1 + (bytes[0] ?? 0) ? bytes.slice(1).reverse() : "Malformed";
    },
  };
  const both = { compressions: [turned] };

  it("as the client compresses, so does the server", () => {
    const pair = new Pair(both, { ...both, compression: turned });
    const heard = pair.unary("Unary", ascii("hello"), {}, "turned");
    expect(heard.messages).toEqual(["hello"]);
    expect(heard.head?.get("grpc-encoding")).toBe("turned");
    expect(heard.head?.get("grpc-accept-encoding")).toBe("identity,turned");
  });

  it("an unknown encoding is Unimplemented; a compressed message without one is Internal", () => {
    const pair = new Pair({}, { compression: turned });
    expect(pair.unary("Unary", ascii("x"), {}, "turned").end?.status).toEqual(
      status(Code.Unimplemented, 'grpc: Decompressor is not installed for grpc-encoding "turned"'),
    );
    expect(pair.unary("Unary", ascii("x")).code).toBe(Code.Internal);
  });

  it("what decompresses to more than a message may have, or does not decompress, is an error", () => {
    const limits = { ...GRPC_LIMITS, messageBytesMax: 20 };
    const pair = new Pair(
      { ...both, limits },
      { compression: { ...turned, compress: () => Uint8Array.of(21) } },
    );
    expect(pair.unary("Unary", ascii("x"), {}, "turned").code).toBe(Code.ResourceExhausted);
    const broken = new Pair(
      { ...both, limits },
      { compression: { ...turned, compress: () => Uint8Array.of(9) } },
    );
    expect(broken.unary("Unary", ascii("x"), {}, "turned").code).toBe(Code.Internal);
  });
});

it("a caller's onEnd may make the next call", () => {
  const pair = new Pair({ connection: { limits: { ...CONNECTION_LIMITS, streamsMax: 1 } } });
  let left = 50;
  const last = new Heard();
  const next = (): void => {
    const { call, heard } = pair.call("Unary");
    heard.onEnd = (end) => {
      if (--left > 0) next();
      else last.onEnd(end);
    };
    call.writeLast([ascii("x")]);
  };
  next();
  pair.exchange();
  expect(last.code).toBe(Code.OK);
});
