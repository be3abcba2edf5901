import { once } from "node:events";
import net from "node:net";
import { clusterId, nodeId, startId } from "@quorate/kernel/core";
import { afterEach, describe, expect, it } from "vitest";
import { authority, type Certified } from "../../../http2/test/host/certificate.ts";
import { silentLog } from "../../src/host/index.ts";
import type { Credentials } from "../../src/tls/index.ts";
import { Transport } from "../../src/transport/index.ts";
import {
  addressOf,
  dialPeer,
  type HandshakeLimits,
  listenForPeers,
  type PeerTls,
} from "../../src/transport/sockets.ts";

const [ours, theirs] = [authority("ours"), authority("theirs")];

/** Certificates that change when a test says so. */
class Source implements PeerTls {
  current: Credentials;
  readonly #listeners: ((credentials: Credentials) => void)[] = [];

  constructor(own: Certified, ca: string) {
    this.current = { ...own, ca };
  }

  onChange(listener: (credentials: Credentials) => void): () => void {
    this.#listeners.push(listener);
    return () => this.#listeners.splice(this.#listeners.indexOf(listener), 1);
  }

  change(own: Certified, ca: string): void {
    this.current = { ...own, ca };
    for (const listener of this.#listeners) listener(this.current);
  }
}

const sockets: net.Socket[] = [];
const servers: net.Server[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** How one knock at a peer port ended, as the port saw it. */
async function port(tls: PeerTls, limits: Partial<HandshakeLimits> = {}) {
  const knocks: string[] = [];
  let tell = (): void => {};
  const heard = (knock: string): void => {
    knocks.push(knock);
    tell();
  };
  const server = await listenForPeers(
    "127.0.0.1:0",
    tls,
    { millis: 5000, max: 10, ...limits },
    {
      onConnection: () => {},
      onReady: (socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        heard("ready");
      },
      onUntrusted: (_, reason) => heard(reason),
    },
  );
  servers.push(server);
  return {
    address: addressOf(server),
    next: async (): Promise<string> => {
      if (knocks.length === 0)
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      return knocks.shift() ?? "";
    },
  };
}

function dial(address: string, tls: PeerTls | null): net.Socket {
  const socket = dialPeer(address, tls, () => {});
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

const member = (name: string) => new Source(ours.issue(name), ours.cert);

describe("mutual TLS between peers", () => {
  it("lets members of one authority speak, by the name or the address they dial", async () => {
    const { address, next } = await port(member("a"));
    dial(address, member("b"));
    expect(await next()).toBe("ready");
    dial(address.replace("127.0.0.1", "localhost"), member("b"));
    expect(await next()).toBe("ready");
  });

  it("refuses a member of another authority", async () => {
    const { address, next } = await port(member("a"));
    const stranger = new Source(theirs.issue("x"), ours.cert);
    await closed(dial(address, stranger));
    expect(await next()).toMatch(/certificate/);
  });

  it("refuses a certificate that has expired", async () => {
    const { address, next } = await port(member("a"));
    const late = new Source(ours.issue("x", { to: "20210101000000Z" }), ours.cert);
    await closed(dial(address, late));
    expect(await next()).toMatch(/CERT_HAS_EXPIRED|expired/);
  });

  it("refuses a client's certificate of the same authority: it is no node", async () => {
    const { address, next } = await port(member("a"));
    const client = new Source(ours.issue("app", { uses: ["client"] }), ours.cert);
    await closed(dial(address, client));
    expect(await next()).toBe("its certificate is for clients, not for nodes");
    dial(address, new Source(ours.issue("n", { uses: ["client", "server"] }), ours.cert));
    expect(await next()).toBe("ready");
  });

  it("refuses plain text, and a handshake that never begins", async () => {
    const { address, next } = await port(member("a"), { millis: 100 });
    const plain = dial(address, null);
    plain.write("QUORATE?");
    await closed(plain);
    expect(await next()).not.toBe("ready");
    await closed(dial(address, null));
    expect(await next()).toMatch(/timeout/i);
  });

  it("closes the oldest of too many handshakes, and a member gets in all the same", async () => {
    const { address, next } = await port(member("a"), { max: 3 });
    const idle: net.Socket[] = [];
    for (let i = 0; i < 3; i++) {
      const socket = dial(address, null);
      await once(socket, "connect");
      idle.push(socket);
    }
    const first = closed(idle[0] ?? new net.Socket());
    dial(address, member("b"));
    await first;
    const heard = [await next(), await next()];
    expect(heard).toContain("ready");
    expect(idle.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  });

  it("does not speak to a port whose certificate is of another authority, or names another host", async () => {
    const strange = await port(new Source(theirs.issue("x"), ours.cert));
    const [error] = (await once(dial(strange.address, member("b")), "error")) as [Error];
    expect(error.message).toMatch(/unable to verify|certificate/);
    const named = await port(member("a"));
    const relay = net.createServer((socket) => {
      const [host = "", at] = named.address.split(":");
      socket.pipe(net.connect({ host, port: Number(at) }).on("error", () => {})).pipe(socket);
      socket.on("error", () => {});
    });
    servers.push(relay);
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.2", resolve));
    const { port: at } = relay.address() as net.AddressInfo;
    const [other] = (await once(dial(`127.0.0.2:${at}`, member("b")), "error")) as [Error];
    expect(other.message).toContain("does not match certificate");
  });

  it("takes a new authority by way of both at once, with no moment without a link", async () => {
    const [a, b] = [member("a"), member("b")];
    const { address, next } = await port(a);
    const both = ours.cert + theirs.cert;
    const spoken = async (): Promise<string> => {
      dial(address, b);
      return next();
    };
    a.change({ cert: a.current.cert, key: a.current.key }, both);
    expect(await spoken()).toBe("ready");
    b.change({ cert: b.current.cert, key: b.current.key }, both);
    expect(await spoken()).toBe("ready");
    a.change(theirs.issue("a"), both);
    expect(await spoken()).toBe("ready");
    b.change(theirs.issue("b"), both);
    expect(await spoken()).toBe("ready");
    a.change({ cert: a.current.cert, key: a.current.key }, theirs.cert);
    b.change({ cert: b.current.cert, key: b.current.key }, theirs.cert);
    expect(await spoken()).toBe("ready");
    dial(address, member("of before"));
    expect(await next()).not.toBe("ready");
  });
});

it("a transport that closes does not wait for a handshake that is under way", async () => {
  const identity = { cluster: clusterId(7n), node: nodeId(1n), start: startId(2n) };
  const transport = new Transport(
    {
      identity,
      listen: "127.0.0.1:0",
      tls: member("a"),
      log: silentLog,
      limits: { helloMillis: 600_000 },
    },
    {
      onFrame: () => {},
      onLink: () => {},
      onJoin: () => Promise.reject(new Error("nobody joins here")),
    },
  );
  const address = await transport.listen();
  const idle = dial(address, null);
  await once(idle, "connect");
  const gone = closed(idle);
  // A handshake that ends behind it shows that the first connection was accepted.
  await once(dial(address, member("b")), "secureConnect");
  await transport.close();
  await gone;
});

/** Not by `once`, which takes the reset that closes it for a failure. */
function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => void socket.on("close", () => resolve()));
}
