import net from "node:net";
import tls from "node:tls";

/** Mutual TLS of the peer port: both sides show a certificate that `ca` signed. */
export interface PeerTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** Listens for peers; `each` gets every connection that is ready to speak, after its TLS handshake if there is one. */
export function listenForPeers(
  address: string,
  secured: PeerTls | null,
  handshakeMillis: number,
  each: (socket: net.Socket) => void,
): Promise<net.Server> {
  const server =
    secured === null
      ? net.createServer({ noDelay: true }, each)
      : tls.createServer({ ...secured, ...MUTUAL, handshakeTimeout: handshakeMillis }, each);
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
  const socket = tls.connect({ ...secured, host, port, servername }, ready);
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

const MUTUAL = { requestCert: true, rejectUnauthorized: true, noDelay: true } as const;
