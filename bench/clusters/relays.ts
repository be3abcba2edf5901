import { once } from "node:events";
import net from "node:net";
import {
  type Bytes,
  decodeHello,
  HELLO_PREFIX_BYTES,
  helloBytes,
  Malformed,
  type NodeId,
} from "@quorate/kernel/core";

/** A member whose links are slow, both ways: what is said to it and by it comes so much later. */
export interface SlowMember {
  readonly index: number;
  readonly node: NodeId;
  readonly millis: number;
}

/** What a direction of a connection holds before it reads no more. */
const HELD_BYTES_MAX = 16 * 2 ** 20;

/**
 * Stands before the peer ports of all members of a cluster on loopback, and slows the links of one. Takes no privilege and nothing of the
 * kernel (`netem` is not built into all of them), and tells who dials by the hello that it says. Bytes stay in order; nothing is lost.
 */
export class Relays {
  /** Null: everything passes at once, through the same sockets, so that both can be compared. */
  slow: SlowMember | null = null;
  readonly #servers: readonly net.Server[];
  readonly #sockets = new Set<net.Socket>();

  private constructor(targets: readonly number[]) {
    this.#servers = targets.map((target, index) =>
      net.createServer({ noDelay: true }, (near) => this.#join(near, target, index)),
    );
  }

  /** One listens at each of `ports` for the peer port that stands at the same place of `targets`. */
  static async open(ports: readonly number[], targets: readonly number[]): Promise<Relays> {
    const relays = new Relays(targets);
    for (const [i, server] of relays.#servers.entries()) {
      server.listen(ports[i], "127.0.0.1");
      await once(server, "listening");
    }
    return relays;
  }

  /** Where each member is reached, for `ClusterOptions`. */
  get reachedAt(): readonly string[] {
    return this.#servers.map((_, index) => `127.0.0.1:${this.portOf(index)}`);
  }

  /** Port 0 took a free one. */
  portOf(index: number): number {
    const address = this.#servers[index]?.address();
    if (typeof address !== "object" || address === null)
      throw new RangeError(`no relay listens before member ${index}`);
    return address.port;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: net.Socket, target: number, index: number): void {
    const far = net.connect({ host: "127.0.0.1", port: target, noDelay: true });
    let dialer: NodeId | null = null;
    const delay = (): number => {
      const { slow } = this;
      if (slow === null) return 0;
      return slow.index === index || slow.node === dialer ? slow.millis : 0;
    };
    near.once("data", (first) => {
      dialer = dialerOf(first);
    });
    carry(near, far, delay);
    carry(far, near, delay);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      // A member that stops resets what it had open; its peers see that through the close.
      socket.on("error", () => {});
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        this.#sockets.delete(socket);
      });
    }
  }
}

/** Whoever does not begin with a whole hello of a peer is nobody: it is never slowed. */
export function dialerOf(first: Bytes): NodeId | null {
  if (first.length < HELLO_PREFIX_BYTES) return null;
  const total = helloBytes(first.subarray(0, HELLO_PREFIX_BYTES));
  if (total instanceof Malformed || first.length < total) return null;
  const hello = decodeHello(first.subarray(0, total));
  return !(hello instanceof Malformed) && hello.type === "Peer" ? hello.node : null;
}

/** Writes what comes, each piece when it is due, and never one before an earlier one. */
function carry(from: net.Socket, to: net.Socket, delay: () => number): void {
  const held: { readonly chunk: Bytes; readonly due: number }[] = [];
  let heldBytes = 0;
  let timer: NodeJS.Timeout | null = null;
  const pump = (): void => {
    timer = null;
    for (let next = held[0]; next !== undefined && !to.writableNeedDrain; next = held[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        timer = setTimeout(pump, wait);
        break;
      }
      held.shift();
      heldBytes -= next.chunk.length;
      to.write(next.chunk);
    }
    if (heldBytes < HELD_BYTES_MAX) from.resume();
  };
  from.on("data", (chunk) => {
    held.push({ chunk, due: performance.now() + delay() });
    heldBytes += chunk.length;
    if (heldBytes >= HELD_BYTES_MAX) from.pause();
    if (timer === null) pump();
  });
  to.on("drain", () => {
    if (timer === null) pump();
  });
  from.on("close", () => {
    if (timer !== null) clearTimeout(timer);
  });
}
