import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dialerOf } from "../../src/network/dialer.ts";
import { Direction, Relay } from "../../src/network/index.ts";

const DIALER = 0;
const MEMBER = 1;
const DROP = { type: "drop" } as const;

let echo: net.Server;
let relay: Relay;
let there: Direction;
let back: Direction;
let socket: net.Socket;

/** Answers with what it was sent. */
beforeEach(async () => {
  echo = net.createServer((peer) => {
    peer.on("error", () => {});
    peer.pipe(peer);
  });
  there = new Direction();
  back = new Direction();
  const target = await listening(echo);
  const spare = net.createServer();
  const port = await listening(spare);
  await new Promise((resolve) => spare.close(resolve));
  const direction = (from: number): Direction => (from === DIALER ? there : back);
  relay = new Relay(MEMBER, target, { dialer: () => DIALER, direction });
  await relay.listen(port);
  socket = net.connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "connect");
});
afterEach(() => {
  socket.destroy();
  relay.close();
  echo.close();
});

async function listening(server: net.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const heard = async (): Promise<string> => String((await once(socket, "data"))[0]);

describe("a relay", () => {
  it("carries what is said both ways", async () => {
    socket.write("one");
    expect(await heard()).toBe("one");
    expect([there.hits, back.hits]).toEqual([0, 0]);
  });

  it("holds what is sent into a cut, counts it, and delivers it in order once the cut is lifted", async () => {
    there.lay(DROP);
    const answer = heard();
    socket.write("one");
    await eventually(() => there.hits > 0);
    expect(back.hits).toBe(0);
    there.lift(DROP);
    expect(await answer).toBe("one");
  });

  it("cuts one way only: the answer is held where the question passes", async () => {
    back.lay(DROP);
    const answer = heard();
    socket.write("one");
    await eventually(() => back.hits > 0);
    expect(there.hits).toBe(0);
    back.lift(DROP);
    expect(await answer).toBe("one");
  });

  it("stays cut until the last of two cuts is lifted", async () => {
    const other = { ...DROP };
    there.lay(DROP);
    there.lay(other);
    const answer = heard();
    socket.write("one");
    await eventually(() => there.hits > 0);
    there.lift(DROP);
    expect(there.isCut).toBe(true);
    there.lift(other);
    expect(await answer).toBe("one");
  });

  it("delays by what lies on the direction", async () => {
    there.lay({ type: "delay", millis: 60 });
    const began = performance.now();
    socket.write("one");
    expect(await heard()).toBe("one");
    expect(performance.now() - began).toBeGreaterThanOrEqual(59);
  });

  it("lets no more through than a limit says", async () => {
    there.lay({ type: "limit", bytesPerSecond: 100_000 });
    const began = performance.now();
    const all = new Promise<void>((resolve) => {
      let bytes = 0;
      socket.on("data", (chunk) => (bytes += chunk.length) === 20_000 && resolve());
    });
    for (let i = 0; i < 20; i++) socket.write(Buffer.alloc(1000));
    await all;
    expect(there.hits).toBeGreaterThan(0);
    // The last chunk may go beyond what was earned.
    expect(performance.now() - began).toBeGreaterThanOrEqual(19);
  });
});

describe.skipIf(process.platform !== "linux")("who dialled", () => {
  it("is found by the port, among the processes that it may be", () => {
    const { localPort = 0, remotePort = 0 } = socket;
    expect(dialerOf(localPort, remotePort, [null, process.pid])).toBe(1);
    expect(dialerOf(localPort, remotePort, [null, null])).toBe(null);
    expect(dialerOf(1, remotePort, [process.pid])).toBe(null);
  });
});

/** Turns of the event loop until it is so: the sockets of one process need no more. */
async function eventually(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setImmediate(resolve));
}
