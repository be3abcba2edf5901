import net from "node:net";
import tls from "node:tls";
import { type CertificateSource, contextOf } from "../tls/index.ts";

/** Mutual TLS of the peer port: both sides show a certificate of an authority of `ca`. */
export type PeerTls = CertificateSource;

export interface PeerKnocks {
  /** Accepted; a handshake may follow. Whoever closes the port has to cut it. */
  onConnection(socket: net.Socket): void;
  /** Ready to speak, after its TLS handshake if there is one. */
  onReady(socket: net.Socket): void;
  /** It got no further than the handshake. */
  onUntrusted(socket: net.Socket, reason: string): void;
}

/** Bounds of TLS handshakes under way at the peer port. */
export interface HandshakeLimits {
  readonly millis: number;
  /** One more closes the oldest. */
  readonly max: number;
}

/** Listens for peers. */
export function listenForPeers(
  address: string,
  secured: PeerTls | null,
  limits: HandshakeLimits,
  knocks: PeerKnocks,
): Promise<net.Server> {
  const server =
    secured === null
      ? net.createServer({ noDelay: true }, (socket) => knocks.onReady(socket))
      : securedServer(secured, limits, knocks);
  server.prependListener("connection", (socket: net.Socket) => knocks.onConnection(socket));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(parseAddress(address), () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

/** Connects; `ready` is called once it may be written to. Failures come as the socket's `error`. */
export function dialPeer(address: string, secured: PeerTls | null, ready: () => void): net.Socket {
  const { host, port } = parseAddress(address);
  if (secured === null) return net.connect({ host, port, noDelay: true }, ready);
  const servername = net.isIP(host) === 0 ? host : "";
  const context = { ...contextOf(secured.current), minVersion: MUTUAL.minVersion };
  const socket = tls.connect({ ...context, host, port, servername }, ready);
  socket.setNoDelay(true);
  return socket;
}

/** `host:port`, with an IPv6 host in brackets. Throws a `RangeError` that says what it should look like. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65535)) {
    throw new RangeError(`"${address}" is no address: write host:port, or [ipv6]:port`);
  }
  return { host, port };
}

/** The address that a server got, in the form that `parseAddress` reads. */
export function addressOf(server: net.Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server does not listen");
  return bound.family === "IPv6"
    ? `[${bound.address}]:${bound.port}`
    : `${bound.address}:${bound.port}`;
}

/** Connections that come take the certificates of that moment. */
function securedServer(
  secured: PeerTls,
  { millis, max }: HandshakeLimits,
  knocks: PeerKnocks,
): tls.Server {
  const options = { ...contextOf(secured.current), ...MUTUAL, handshakeTimeout: millis };
  /** By where they come from: a TLS socket does not name the one that it is spoken over. */
  const shaking = new Map<string, net.Socket>();
  const server = tls.createServer(options, (socket) => {
    shaking.delete(originOf(socket));
    if (isNodes(socket)) return knocks.onReady(socket);
    socket.on("error", () => {});
    knocks.onUntrusted(socket, "its certificate is for clients, not for nodes");
    socket.destroy();
  });
  server.on("connection", (socket: net.Socket) => {
    const origin = originOf(socket);
    const [oldest] = shaking.values();
    if (oldest !== undefined && shaking.size >= max) oldest.destroy();
    shaking.set(origin, socket);
    socket.on("close", () => {
      if (shaking.get(origin) === socket) shaking.delete(origin);
    });
  });
  server.on("tlsClientError", (error, socket) => {
    // A certificate that is not trusted ends the connection without an error of its own.
    const distrust = socket.authorizationError;
    knocks.onUntrusted(socket, distrust ? `its certificate: ${distrust}` : error.message);
    // Node says that a handshake took too long, and leaves the connection open.
    socket.destroy();
  });
  secured.onChange((credentials) => {
    server.setSecureContext({ ...MUTUAL, ...contextOf(credentials) });
  });
  return server;
}

const originOf = ({ remoteAddress, remotePort }: net.Socket): string =>
  `${remoteAddress} ${remotePort}`;

/**
 * A node's certificate may be used by a server too: a client's of the same authority does not open the peer port. One
 * that says nothing of its use passes.
 */
function isNodes(socket: tls.TLSSocket): boolean {
  const uses: readonly string[] | undefined = socket.getPeerCertificate().ext_key_usage;
  return uses === undefined || uses.includes(SERVER_AUTH);
}

/** Extended key usage (RFC 5280 §4.2.1.12). */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Both ends are ours, so the newest version is all there is. */
const MUTUAL = {
  requestCert: true,
  rejectUnauthorized: true,
  noDelay: true,
  minVersion: "TLSv1.3",
} as const;
