import { ClosedStreams, type Ending } from "./closed-streams.ts";
import type { Role } from "./settings.ts";
import { Stream } from "./stream.ts";

/** The streams of a connection. Clients number theirs with odd numbers; there are no others here (RFC 9113 §5.1.1). */
export class StreamTable<T> {
  /** The highest that was ever opened: by the peer of a server, by the client itself. */
  lastId: number;
  readonly #open = new Map<number, Stream<T>>();
  readonly #closed: ClosedStreams;
  readonly #isServer: boolean;

  constructor(role: Role, closedMax: number) {
    this.#isServer = role === "server";
    this.#closed = new ClosedStreams(closedMax);
    this.lastId = this.#isServer ? 0 : -1;
  }

  get size(): number {
    return this.#open.size;
  }

  find(id: number): Stream<T> | undefined {
    return this.#open.get(id);
  }

  open(id: number, receiveWindow: number, sendWindow: number): Stream<T> {
    const stream = new Stream<T>(id, receiveWindow, sendWindow);
    this.lastId = id;
    this.#open.set(id, stream);
    return stream;
  }

  close(stream: Stream<T>, ending: "Ended" | "ResetByPeer" | "ResetByUs"): void {
    stream.isOver = true;
    this.#open.delete(stream.id);
    this.#closed.add(stream.id, ending);
  }

  /** A stream that was refused, or came too late, before it was anything. */
  ignored(id: number): void {
    this.lastId = Math.max(this.lastId, id);
    this.#closed.add(id, "ResetByUs");
  }

  isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.lastId;
  }

  /** Of a stream that is neither open nor idle. */
  endingOf(id: number): Ending {
    return this.#closed.endingOf(id);
  }

  all(): readonly Stream<T>[] {
    return [...this.#open.values()];
  }

  [Symbol.iterator](): IterableIterator<Stream<T>> {
    return this.#open.values();
  }
}
