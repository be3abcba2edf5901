import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClientPort } from "../../src/gateway/client-port.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Takes a connection and tells the first words on it. */
class Taken {
  readonly first: Promise<string>;
  #tell: (text: string) => void = () => {};

  constructor() {
    this.first = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  accept(accepted: Duplex): void {
    accepted.once("data", (chunk: Buffer) => this.#tell(chunk.toString("latin1")));
  }
}

let http2: Taken;
let http1: Taken;
let port: ClientPort;
let at: number;
let socket: Socket;

beforeEach(async () => {
  http2 = new Taken();
  http1 = new Taken();
  port = new ClientPort(http2, http1, { connectionsMax: 10, prefaceTimeoutMs: 200 });
  at = (await port.listen("127.0.0.1", 0)).port;
  socket = connect(at, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
});
afterEach(() => {
  socket.destroy();
  port.close();
});

describe("the client port", () => {
  it("cuts even a connection that was taken and is idle, so that a stop does not wait for it", async () => {
    socket.write("GET /health HTTP/1.1\r\n\r\n");
    await http1.first;
    const closed = once(socket, "close");
    port.destroy();
    await closed;
  });

  it("gives a connection with the HTTP/2 preface to HTTP/2, preface included", async () => {
    socket.write(PREFACE);
    expect(await http2.first).toBe(PREFACE.toString());
  });

  it("gives any other to HTTP/1.1, from its first byte on", async () => {
    socket.write("POST /v3/kv/put HTTP/1.1\r\n");
    expect(await http1.first).toBe("POST /v3/kv/put HTTP/1.1\r\n");
  });

  it("decides only once the preface differs or is whole, however slowly it comes", async () => {
    for (const byte of PREFACE) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await http2.first).toBe(PREFACE.toString());
  });

  it("takes what begins like the preface and goes on otherwise for HTTP/1.1", async () => {
    socket.write("PRI * HTTP/2.0\r\n\r\nXX");
    expect(await http1.first).toBe("PRI * HTTP/2.0\r\n\r\nXX");
  });

  it("closes a connection that does not say what it speaks", async () => {
    socket.write("PRI");
    await closed(socket);
  });

  it("refuses an address that is taken with the system's error", async () => {
    const second = new ClientPort(http2, http1);
    await expect(second.listen("127.0.0.1", at)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("closes undecided connections with itself", async () => {
    socket.write("P");
    await new Promise((resolve) => setImmediate(resolve));
    port.close();
    await closed(socket);
  });
});

/** Not by `once`, which takes the reset that closes it for a failure. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.on("close", () => resolve()));
}
