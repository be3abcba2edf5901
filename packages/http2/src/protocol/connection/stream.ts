import type { Bytes } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";

/** The last thing on a stream that is still to be sent, after what is queued. */
export type Finish =
  | { readonly type: "Data" }
  | {
      readonly type: "Trailers";
      readonly list: HeaderList;
      readonly extra: readonly HeaderField[];
    };

/**
 * One stream. `T` is whatever its user keeps with it: frames find it without a look-up of the user's own. Idle streams have no
 * object, nor have closed ones; of the other states of RFC 9113 §5.1 (there are no pushes here) `localClosed` is
 * half-closed (local) and `remoteClosed` is half-closed (remote).
 */
export class Stream<T> {
  readonly id: number;
  owner: T | null = null;
  localClosed = false;
  remoteClosed = false;
  /** Closed: nothing more is sent, and its owner is told nothing more. */
  isOver = false;
  /** The head of the peer's message is here: what follows is its body, then perhaps trailers. */
  headReceived = false;
  /** As the peer's content-length says; -1 where it says nothing. */
  bodyExpected = -1;
  bodyReceived = 0;
  /** Counted for it among what open requests hold. */
  requestBytes = 0;

  /** What the peer may still send. */
  receiveWindow: number;
  /** Received, and not yet consumed by the owner. */
  held = 0;
  /** Consumed, and not yet given back to the peer. */
  unreturned = 0;

  /** What we may still send; negative after a peer has shrunk its windows (RFC 9113 §6.9.2). */
  sendWindow: number;
  /** Parts that wait for a window or for the socket. The first `queueSent` bytes of the first are gone. */
  queue: Bytes[] | null = null;
  queueSent = 0;
  queuedBytes = 0;
  finish: Finish | null = null;
  /** Among the streams that the sender goes through. */
  isReady = false;
  /** Its writer has been told to wait for the drain. */
  isFull = false;
  /** When something of the queue was last sent. */
  progressAt = 0;

  constructor(id: number, receiveWindow: number, sendWindow: number) {
    this.id = id;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
  }
}
