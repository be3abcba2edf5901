import type net from "node:net";
import {
  type Bytes,
  concat,
  decodeHello,
  encodeHello,
  HELLO_PREFIX_BYTES,
  type Hello,
  helloBytes,
  Malformed,
} from "@quorate/kernel/core";

/** What a connection's first bytes were. `rest` came behind the hello and belongs to the frames. */
export type Greeted =
  | { readonly type: "hello"; readonly hello: Hello; readonly rest: Bytes }
  | { readonly type: "malformed"; readonly reason: string }
  /** Closed or failed before it said a whole hello. */
  | { readonly type: "gone"; readonly reason: string };

/**
 * A connection that has not said hello yet. Nothing but one hello is parsed, its length is bounded before it is
 * gathered, and its owner closes it at `deadline`, so that whoever knocks and does not speak costs little.
 */
export class Greeting {
  readonly socket: net.Socket;
  readonly deadline: number;
  #held: Bytes[] = [];
  #length = 0;
  #done: ((greeted: Greeted) => void) | null;

  /** `done` is called once, whatever happens; the socket is paused then, and no listener of ours is left on it. */
  constructor(socket: net.Socket, deadline: number, done: (greeted: Greeted) => void) {
    this.socket = socket;
    this.deadline = deadline;
    this.#done = done;
    socket.on("data", this.#onData).on("error", this.#onError).on("close", this.#onClose);
  }

  send(hello: Hello): void {
    this.socket.write(encodeHello(hello));
  }

  /** Gives up: the socket is destroyed, `done` hears `gone`. */
  abandon(reason: string): void {
    this.socket.destroy();
    this.#finish({ type: "gone", reason });
  }

  readonly #onData = (chunk: Bytes): void => {
    this.#held.push(chunk);
    this.#length += chunk.length;
    if (this.#length < HELLO_PREFIX_BYTES) return;
    if (this.#held.length > 1) this.#held = [concat(this.#held)];
    const bytes = this.#held[0] ?? chunk;
    const total = helloBytes(bytes.subarray(0, HELLO_PREFIX_BYTES));
    if (total instanceof Malformed) {
      this.#finish({ type: "malformed", reason: total.message });
      return;
    }
    if (bytes.length < total) return;
    const hello = decodeHello(bytes.subarray(0, total));
    if (hello instanceof Malformed) this.#finish({ type: "malformed", reason: hello.message });
    else this.#finish({ type: "hello", hello, rest: bytes.subarray(total) });
  };

  readonly #onError = (error: Error): void => {
    this.#finish({ type: "gone", reason: error.message });
  };

  readonly #onClose = (): void => {
    this.#finish({ type: "gone", reason: "closed by the other side" });
  };

  #finish(greeted: Greeted): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    this.#held = [];
    this.socket.pause();
    this.socket.off("data", this.#onData).off("close", this.#onClose).off("error", this.#onError);
    // A socket without this listener would throw what happens between its owners.
    this.socket.on("error", () => {});
    done(greeted);
  }
}

/** Says a last thing and hangs up, in this order. */
export function sayAndEnd(socket: net.Socket, hello: Hello): void {
  socket.end(encodeHello(hello), () => socket.destroySoon());
}
