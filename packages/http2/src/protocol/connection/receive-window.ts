import { type FrameWriter, WINDOW_INITIAL } from "../frames/index.ts";
import type { ConnectionLimits } from "../limits.ts";
import type { Stream } from "./stream.ts";

/** What the window asks of its connection. */
export interface WindowOwner {
  readonly isClosed: boolean;
  noteOutput(): void;
}

/** Flow control of what we receive (RFC 9113 §5.2, §6.9): over all streams, and on each. It is given back in halves. */
export class ReceiveWindow<T> {
  /** What a stream begins with: until the peer has read our settings it goes by what all begin with, where that is larger. */
  streamWindow: number;
  readonly #owner: WindowOwner;
  readonly #writer: FrameWriter;
  readonly #limits: ConnectionLimits;
  #left = WINDOW_INITIAL;
  #unreturned = 0;

  constructor(owner: WindowOwner, writer: FrameWriter, limits: ConnectionLimits) {
    this.#owner = owner;
    this.#writer = writer;
    this.#limits = limits;
    this.streamWindow = Math.max(limits.streamWindowBytes, WINDOW_INITIAL);
  }

  /** The connection's window has no setting: it is widened by a frame of its own. */
  open(): void {
    const more = this.#limits.connectionWindowBytes - WINDOW_INITIAL;
    if (more <= 0) return;
    this.#writer.windowUpdate(0, more);
    this.#left += more;
  }

  /** The peer has our settings, and every stream the window that they say. */
  onSettingsAcknowledged(streams: Iterable<Stream<T>>): void {
    const by = this.#limits.streamWindowBytes - this.streamWindow;
    this.streamWindow += by;
    if (by !== 0) for (const stream of streams) stream.receiveWindow += by;
  }

  /** Takes bytes off the connection's window; false where there is no room for them. */
  admit(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Gives bytes back that no owner will consume. */
  giveBack(bytes: number): void {
    this.#unreturned += bytes;
    if (this.#unreturned < this.#limits.connectionWindowBytes / 2 || this.#owner.isClosed) return;
    this.#writer.windowUpdate(0, this.#unreturned);
    this.#left += this.#unreturned;
    this.#unreturned = 0;
    this.#owner.noteOutput();
  }

  consume(stream: Stream<T>, bytes: number): void {
    const used = Math.min(bytes, stream.held);
    if (used === 0) return;
    stream.held -= used;
    this.giveBack(used);
    stream.unreturned += used;
    if (stream.remoteClosed || stream.isOver) return;
    if (stream.unreturned < this.#limits.streamWindowBytes / 2) return;
    this.#writer.windowUpdate(stream.id, stream.unreturned);
    stream.receiveWindow += stream.unreturned;
    stream.unreturned = 0;
    this.#owner.noteOutput();
  }
}
