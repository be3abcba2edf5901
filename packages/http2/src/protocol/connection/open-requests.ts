import type { HeaderList } from "../fields/index.ts";
import { STREAM_BYTES } from "../limits.ts";
import type { Pool, Share } from "../pool.ts";
import type { Stream } from "./stream.ts";

/**
 * What requests make us hold from their fields to their end, counted in a pool of many connections: one client can open so many
 * streams on so many connections that no bound of a single one would keep the sum small.
 */
export class OpenRequests<T> {
  readonly #share: Share;

  constructor(pool: Pool, onPushedOut: () => void) {
    this.#share = pool.join(onPushedOut);
  }

  /** The connection may be over afterwards. */
  began(stream: Stream<T>, fields: HeaderList): void {
    stream.requestBytes = STREAM_BYTES + fields.size;
    this.#share.add(stream.requestBytes);
  }

  /** What is kept of a request by whoever serves it: so many bytes more, or fewer. The connection may be over afterwards. */
  holds(stream: Stream<T>, bytes: number): void {
    if (stream.isOver) return;
    stream.requestBytes += bytes;
    this.#share.add(bytes);
  }

  ended(stream: Stream<T>): void {
    const bytes = stream.requestBytes;
    stream.requestBytes = 0;
    if (bytes > 0) this.#share.add(-bytes);
  }
}
