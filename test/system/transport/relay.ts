import net from "node:net";
import {
  concat,
  drawBelow,
  FrameSplitter,
  HELLO_PREFIX_BYTES,
  helloBytes,
  type Random,
  seeded,
} from "@quorate/kernel/core";

/** What the relay does to a frame, and how many of a thousand meet that fate. */
export interface Mischief {
  readonly cut: number;
  readonly lose: number;
  readonly repeat: number;
  readonly swap: number;
  readonly alter: number;
}

export const faithful: Mischief = { cut: 0, lose: 0, repeat: 0, swap: 0, alter: 0 };

/**
 * A man in the middle on real sockets: carries the hellos as they are, then does mischief to whole frames, drawn
 * from a seed. What it did is counted, so that a test can tell that it happened.
 */
export class Relay {
  readonly did = { cut: 0, lose: 0, repeat: 0, swap: 0, alter: 0 };
  mischief: Mischief;
  #random: Random;
  #carried = 0;
  #awaited: { readonly count: number; readonly go: () => void } | null = null;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(target: number, mischief: Mischief, seed: bigint) {
    this.mischief = mischief;
    this.#random = seeded(seed);
    this.#server = net.createServer({ noDelay: true }, (near) => {
      const far = net.connect({ host: "127.0.0.1", port: target, noDelay: true });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("close", () => {
          near.destroy();
          far.destroy();
          this.#sockets.delete(socket);
        });
        socket.on("error", () => {});
      }
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  static async open(target: number, mischief: Mischief, seed: bigint): Promise<Relay> {
    const relay = new Relay(target, mischief, seed);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get address(): string {
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") throw new Error("the relay does not listen");
    return `127.0.0.1:${bound.port}`;
  }

  /** Resolves when so many frames have passed, both ways together, since the relay was opened. */
  afterFrames(count: number): Promise<void> {
    return new Promise((go) => {
      this.#awaited = { count, go };
    });
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #carry(from: net.Socket, to: net.Socket): void {
    const splitter = new FrameSplitter();
    let hello: Uint8Array | null = new Uint8Array(0);
    let kept: Uint8Array | null = null;
    const carry = (frame: Uint8Array): boolean => {
      const fate = this.#fate();
      if (++this.#carried >= (this.#awaited?.count ?? Number.POSITIVE_INFINITY))
        this.#awaited?.go();
      if (fate === "cut") from.destroy();
      else if (fate === "repeat") to.write(concat([frame, frame]));
      else if (fate === "alter") to.write(this.#altered(frame));
      else if (fate === "swap" && kept === null) kept = frame;
      else if (fate !== "lose") to.write(frame);
      if (kept !== null && kept !== frame) {
        to.write(kept);
        kept = null;
      }
      return true;
    };
    from.on("data", (chunk) => {
      if (hello === null) {
        splitter.push(chunk, carry);
        return;
      }
      hello = concat([hello, chunk]);
      if (hello.length < HELLO_PREFIX_BYTES) return;
      const length = helloBytes(hello.subarray(0, HELLO_PREFIX_BYTES));
      if (typeof length !== "number" || hello.length < length) return;
      to.write(hello.subarray(0, length));
      const rest = hello.subarray(length);
      hello = null;
      splitter.push(rest, carry);
    });
  }

  #fate(): keyof Mischief | "none" {
    let drawn = this.#draw(1000);
    for (const fate of ["cut", "lose", "repeat", "swap", "alter"] as const) {
      drawn -= this.mischief[fate];
      if (drawn >= 0) continue;
      this.did[fate]++;
      return fate;
    }
    return "none";
  }

  #altered(frame: Uint8Array): Uint8Array {
    const altered = frame.slice();
    // Behind the length: an altered length would make the stream itself unreadable, which has a test of its own.
    const bit = 32 + this.#draw(altered.length * 8 - 32);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return altered;
  }

  #draw(below: number): number {
    const [drawn, next] = drawBelow(this.#random, below);
    this.#random = next;
    return drawn;
  }
}
