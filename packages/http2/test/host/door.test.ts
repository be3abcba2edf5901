import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Door, type DoorOptions, type DoorRefusal } from "../../src/index.ts";
import { authority } from "./certificate.ts";

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

/** What a door said of those it did not let in. */
class Refusals {
  accepts = 0;
  /** Resolves with the first connection that was accepted. */
  readonly someone: Promise<void>;
  #welcome: () => void = () => {};
  readonly reasons: DoorRefusal[] = [];
  #waiting: () => void = () => {};

  constructor() {
    this.someone = new Promise((resolve) => {
      this.#welcome = resolve;
    });
  }

  accepted(): void {
    this.accepts++;
    this.#welcome();
  }

  refused(reason: DoorRefusal): void {
    this.reasons.push(reason);
    this.#waiting();
  }

  async first(): Promise<DoorRefusal | undefined> {
    if (this.reasons.length === 0)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    return this.reasons[0];
  }
}

let http2: Taken;
let http1: Taken;
let refusals: Refusals;
let door: Door;
let at: number;
const sockets: Socket[] = [];

async function open(more: Partial<DoorOptions> = {}): Promise<void> {
  http2 = new Taken();
  http1 = new Taken();
  refusals = new Refusals();
  door = new Door({
    http2: (socket) => http2.accept(socket),
    http1: (socket) => http1.accept(socket),
    limits: { connectionsMax: 10, prefaceTimeoutMs: 200 },
    observer: refusals,
    ...more,
  });
  at = (await door.listen("127.0.0.1", 0)).port;
}

function kept<T extends Socket>(socket: T): T {
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

const plain = (): Socket => kept(connect(at, "127.0.0.1"));
const secure = (options: ConnectionOptions): TLSSocket =>
  kept(connectTls({ port: at, host: "127.0.0.1", ...options }));

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  door.destroy();
});

describe("a door without TLS", () => {
  let socket: Socket;

  beforeEach(async () => {
    await open();
    socket = plain();
    await once(socket, "connect");
  });

  it("cuts even a connection that was taken and is idle, so that a stop does not wait for it", async () => {
    socket.write("GET /health HTTP/1.1\r\n\r\n");
    await http1.first;
    const cut = closed(socket);
    door.destroy();
    await cut;
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

  it("closes a connection that does not say what it speaks, and counts it", async () => {
    socket.write("PRI");
    await closed(socket);
    expect(refusals).toMatchObject({ accepts: 1, reasons: ["silent"] });
  });

  it("refuses an address that is taken with the system's error", async () => {
    const second = new Door({ http2: () => {} });
    await expect(second.listen("127.0.0.1", at)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("closes undecided connections with itself", async () => {
    socket.write("P");
    await new Promise((resolve) => setImmediate(resolve));
    door.close();
    await closed(socket);
  });
});

it("a door with nobody for HTTP/1.1 closes it, and counts it", async () => {
  door = new Door({
    http2: () => {},
    limits: { connectionsMax: 10, prefaceTimeoutMs: 200 },
    observer: (refusals = new Refusals()),
  });
  at = (await door.listen("127.0.0.1", 0)).port;
  const socket = plain();
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await closed(socket);
  expect(refusals.reasons).toEqual(["protocol"]);
});

describe("a door with TLS", () => {
  const [ours, theirs] = [authority("ours"), authority("theirs")];
  const server = ours.issue("server");
  const asking = { ...server, ca: ours.cert, requestCert: true };

  it.each([
    [["h2"], "h2"],
    [["http/1.1"], "http/1.1"],
    [["h2", "http/1.1"], "h2"],
    [["http/1.1", "h2"], "h2"],
  ])("answers an offer of %j with %s", async (ALPNProtocols, want) => {
    await open({ tls: server });
    const socket = secure({ ca: ours.cert, ALPNProtocols });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe(want);
    socket.write("hello");
    expect(await (want === "h2" ? http2 : http1).first).toBe("hello");
  });

  it("gives HTTP/1.1 to who offers both, where that is preferred; who offers h2 alone gets it", async () => {
    await open({ tls: server, prefers: "http1" });
    const both = secure({ ca: ours.cert, ALPNProtocols: ["h2", "http/1.1"] });
    await once(both, "secureConnect");
    expect(both.alpnProtocol).toBe("http/1.1");
    const grpc = secure({ ca: ours.cert, ALPNProtocols: ["h2"] });
    await once(grpc, "secureConnect");
    expect(grpc.alpnProtocol).toBe("h2");
  });

  it("looks at the preface of who says nothing by ALPN", async () => {
    await open({ tls: server });
    secure({ ca: ours.cert }).write(PREFACE);
    expect(await http2.first).toBe(PREFACE.toString());
    secure({ ca: ours.cert }).write("GET / HTTP/1.1\r\n");
    expect(await http1.first).toBe("GET / HTTP/1.1\r\n");
  });

  it.each(["GET / HTTP/1.1\r\nhost: x\r\n\r\n", PREFACE.toString(), "\u0001\u0002 no protocol\n"])(
    "closes a connection in plain text that begins with %j, and counts it",
    async (text) => {
      await open({ tls: server });
      const socket = plain();
      socket.write(text);
      await closed(socket);
      expect(refusals.reasons).toEqual(["plainText"]);
    },
  );

  it("closes a handshake that does not go on in time, and counts it", async () => {
    await open({ tls: server });
    const socket = plain();
    await once(socket, "connect");
    await closed(socket);
    expect(refusals.reasons).toEqual(["silent"]);
  });

  it("closes a connection that says nothing after its handshake, and counts it", async () => {
    await open({ tls: server });
    await closed(secure({ ca: ours.cert }));
    expect(refusals.reasons).toEqual(["silent"]);
  });

  it("holds the limit of connections against handshakes too", async () => {
    await open({ tls: server, limits: { connectionsMax: 2, prefaceTimeoutMs: 10_000 } });
    await Promise.all([0, 1].map(() => once(plain(), "connect")));
    await closed(secure({ ca: ours.cert }));
    expect(refusals).toMatchObject({ accepts: 2, reasons: ["crowded"] });
  });

  it("counts a client that does not trust it", async () => {
    await open({ tls: server });
    const [error] = (await once(secure({ ca: theirs.cert }), "error")) as [Error];
    expect(error.message).toMatch(/verify|certificate/);
    expect(await refusals.first()).toBe("handshake");
  });

  it("lets in whose certificate is of the authority it asks for", async () => {
    await open({ tls: asking });
    secure({ ca: ours.cert, ...ours.issue("client"), ALPNProtocols: ["h2"] }).write("hello");
    expect(await http2.first).toBe("hello");
    expect(refusals.reasons).toEqual([]);
  });

  it.each([
    ["none at all", {}],
    ["one of another authority", theirs.issue("client")],
    ["one that has expired", ours.issue("client", { to: "20210101000000Z" })],
    ["one for servers only", ours.issue("client", { uses: ["server"] })],
  ])("asked for certificates, it refuses a client with %s, and counts it", async (_, shown) => {
    await open({ tls: asking });
    const socket = secure({ ca: ours.cert, ...shown, ALPNProtocols: ["h2"] });
    await closed(socket);
    expect(refusals.reasons).toEqual(["unauthorized"]);
  });

  it("takes new certificates and authorities for connections that come, and goes on asking", async () => {
    await open({ tls: asking });
    const old = secure({ ca: ours.cert, ...ours.issue("client"), ALPNProtocols: ["h2"] });
    await once(old, "secureConnect");
    door.setSecureContext({ ...theirs.issue("renewed"), ca: theirs.cert });
    const fresh = secure({ ca: theirs.cert, ...theirs.issue("client"), ALPNProtocols: ["h2"] });
    await once(fresh, "secureConnect");
    expect(fresh.getPeerCertificate().subject.CN).toBe("renewed");
    await closed(secure({ ca: theirs.cert, ...ours.issue("client"), ALPNProtocols: ["h2"] }));
    expect(refusals.reasons).toEqual(["unauthorized"]);
    old.write("still here");
    expect(await http2.first).toBe("still here");
  });

  it("cuts a handshake that ends after it was closed", async () => {
    await open({ tls: server });
    const early = plain();
    await refusals.someone;
    door.close();
    const offer = { ca: ours.cert, host: "127.0.0.1", ALPNProtocols: ["h2"] };
    const late = kept(connectTls({ socket: early, ...offer }));
    await closed(late);
  });
});

/** Not by `once`, which takes the reset that closes it for a failure. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.on("close", () => resolve()));
}
