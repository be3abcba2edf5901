import net from "node:net";
import { codeOf } from "../journal/index.ts";
import { parseAddress } from "../transport/index.ts";

/** A port cannot be listened on; the text names it and says what to do. */
export class AddressUnusable extends Error {
  override readonly name = "AddressUnusable";
}

/** Words the system's refusal of an address; other failures pass as they are. */
export async function listening<T>(
  which: "client" | "peer",
  address: string,
  opening: Promise<T>,
): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    const why = REASONS[codeOf(error) ?? ""];
    if (why === undefined) throw error;
    throw new AddressUnusable(
      `the ${which} port ${address} ${why}, or choose another with --listen-${which}-urls`,
      { cause: error },
    );
  }
}

/** Takes both ports and gives them back: throws `AddressUnusable` for one that cannot be had. */
export async function bindable(peer: string, client: string): Promise<void> {
  // A member that dials just now is hung up on, and dials again.
  const server = (): net.Server => net.createServer((socket) => socket.destroy());
  const servers = [server(), server()] as const;
  try {
    await listening("peer", peer, listen(servers[0], peer));
    await listening("client", client, listen(servers[1], client));
  } finally {
    await Promise.all(servers.map(closed));
  }
}

function listen(server: net.Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(parseAddress(address), resolve);
  });
}

/** One that never listened is closed already. */
const closed = (server: net.Server): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()));

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process: stop that one",
  EADDRNOTAVAIL: "is no address of this machine: correct it",
  EACCES: "may not be listened on by this user: use a port from 1024 upward",
  ENOTFOUND: "has a host name that cannot be resolved: correct it",
  EAI_AGAIN: "has a host name that cannot be resolved now: correct it, or look after the resolver",
  EAI_FAIL: "has a host name that cannot be resolved: correct it",
};
