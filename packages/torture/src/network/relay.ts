import net from "node:net";
import type { Impairment } from "./network.ts";

/** Bytes that a delayed direction holds before it reads no more. */
const HELD_BYTES_MAX = 4 * 2 ** 20;
/** How often a limited direction lets something through. */
const DRIP_MILLIS = 20;

/** One direction between two members: what lies on it now, and what that has hit. */
export class Direction {
  readonly #laid = new Set<Impairment>();
  readonly #flows = new Set<Flow>();
  /** Chunks and connections that were held up. */
  hits = 0;

  get isCut(): boolean {
    return [...this.#laid].some(({ type }) => type === "drop");
  }

  /** The longest delay that lies on it. */
  get delayMillis(): number {
    return Math.max(0, ...[...this.#laid].map((one) => (one.type === "delay" ? one.millis : 0)));
  }

  /** The least rate that lies on it. */
  get bytesPerSecond(): number {
    const limits = [...this.#laid].map((one) =>
      one.type === "limit" ? one.bytesPerSecond : Number.POSITIVE_INFINITY,
    );
    return Math.min(Number.POSITIVE_INFINITY, ...limits);
  }

  lay(impairment: Impairment): void {
    this.#laid.add(impairment);
  }

  lift(impairment: Impairment): void {
    this.#laid.delete(impairment);
    for (const flow of this.#flows) flow.pump();
  }

  join(flow: Flow): void {
    this.#flows.add(flow);
  }

  leave(flow: Flow): void {
    this.#flows.delete(flow);
  }
}

/** What flows in one direction of one connection: read when there is room, written when the direction lets it pass. */
class Flow {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #direction: Direction;
  readonly #held: { readonly chunk: Buffer; readonly due: number }[] = [];
  #heldBytes = 0;
  #budget = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: net.Socket, to: net.Socket, direction: Direction) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    direction.join(this);
    from.on("data", (chunk) => this.#take(chunk));
    to.on("drain", () => this.pump());
  }

  /** Passes on what may pass. */
  pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let next = this.#held[0]; next !== undefined && this.#may(next); next = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= next.chunk.length;
      this.#budget -= next.chunk.length;
      if (!this.#to.write(next.chunk)) break;
    }
    if (this.#heldBytes < HELD_BYTES_MAX && !this.#direction.isCut) this.#from.resume();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#direction.leave(this);
  }

  #take(chunk: Buffer): void {
    const { delayMillis, bytesPerSecond, isCut } = this.#direction;
    if (isCut || delayMillis > 0 || Number.isFinite(bytesPerSecond)) this.#direction.hits++;
    this.#held.push({ chunk, due: performance.now() + delayMillis });
    this.#heldBytes += chunk.length;
    if (isCut || this.#heldBytes >= HELD_BYTES_MAX) this.#from.pause();
    this.pump();
  }

  /** Looks again by itself where only time is missing. */
  #may({ due }: { readonly due: number }): boolean {
    const { isCut, bytesPerSecond } = this.#direction;
    if (isCut || this.#to.writableNeedDrain) return false;
    const wait = due - performance.now();
    if (wait > 0) {
      this.#again(wait);
      return false;
    }
    if (!Number.isFinite(bytesPerSecond)) {
      this.#budget = 0;
      return true;
    }
    if (this.#budget > 0) return true;
    this.#again(DRIP_MILLIS, () => {
      this.#budget = Math.min(this.#budget + (bytesPerSecond * DRIP_MILLIS) / 1000, bytesPerSecond);
    });
    return false;
  }

  #again(millis: number, first: () => void = () => {}): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      first();
      this.pump();
    }, millis);
  }
}

export interface Route {
  /** Who dials, by the port that it dials from; null where that cannot be told: then the connection is closed. */
  readonly dialer: (port: number) => number | null;
  readonly direction: (from: number, to: number) => Direction;
}

/**
 * Stands before one member's peer port. A cut holds what is sent, as a network that drops packets does until TCP sends them again;
 * a connection that is made meanwhile is accepted and hears nothing.
 */
export class Relay {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  /** `member` is who listens at `target`, a port of loopback. */
  constructor(member: number, target: number, { dialer, direction }: Route) {
    this.#server = net.createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
      near.on("error", () => {});
      const from = dialer(near.remotePort ?? 0);
      if (from === null) {
        near.destroy();
        return;
      }
      const far = net.connect({ host: "127.0.0.1", port: target, noDelay: true });
      const flows = [
        new Flow(near, far, direction(from, member)),
        new Flow(far, near, direction(member, from)),
      ];
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          for (const flow of flows) flow.end();
          near.destroy();
          far.destroy();
          this.#sockets.delete(socket);
        });
      }
      near.resume();
    });
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
