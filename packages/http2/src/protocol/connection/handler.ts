import type { Bytes } from "../bytes.ts";
import type { HeaderList } from "../fields/index.ts";
import type { Stream } from "./stream.ts";

/** Why a stream ended before its time. */
export type ResetCause =
  /** The peer reset it. */
  | "Peer"
  /** The peer said that it has not looked at it and never will (GOAWAY, REFUSED_STREAM): it may be tried elsewhere. */
  | "Unprocessed"
  /** The peer broke a rule of HTTP on this stream, or is too slow for it, and we reset it. */
  | "Violation"
  /** The whole connection is over. */
  | "Connection";

/**
 * Who uses a connection. All calls come from within `receive`, `unblock`, `take`, `tick` or `close`, and may call the connection in turn.
 * After `onReset`, and after both sides have ended, nothing more is said of a stream.
 */
export interface ConnectionHandler<T> {
  /** A request on a new stream (server), or the final response (client). It is well-formed. */
  onHead(stream: Stream<T>, headers: HeaderList, endStream: boolean): void;
  /**
   * Body bytes: those of `chunk` between `from` and `to`. They are part of what was given to `receive`, and no view of them is made
   * before it is known which is needed. The peer gets its window back as the owner calls `consume`. With
   * `endStream` the message is over, and there may be no bytes.
   */
  onData(stream: Stream<T>, chunk: Bytes, from: number, to: number, endStream: boolean): void;
  /** The end of a message that has trailers. */
  onTrailers(stream: Stream<T>, headers: HeaderList): void;
  onReset(stream: Stream<T>, code: number, cause: ResetCause): void;
  /** All that was queued on a stream whose writer was told to wait has been sent. */
  onDrain(stream: Stream<T>): void;
  /** There is something to `take`, and there was not before. */
  onOutput(): void;
  /** The peer acknowledges a ping of ours. */
  onPong(payload: Bytes): void;
  /** More streams may be opened than before, or none any more: the peer's limits have changed, one has ended, or it goes away. */
  onCapacity(): void;
  /** Nothing more is received, nor sent after what `take` still gives. The streams that there are hear of their reset next. */
  onClosed(end: ConnectionEnd): void;
}

/** How a connection ended. `code` is NO_ERROR where both sides were done with it. */
export interface ConnectionEnd {
  readonly code: number;
  readonly by: "Us" | "Peer" | "Transport";
  readonly reason: string;
}
