import type { Duplex } from "node:stream";
import { PREFACE } from "../protocol/index.ts";

/** Hears how it ended; of a connection that its peer gave up neither is called. */
export interface Sniffed {
  onKnown(isHttp2: boolean): void;
  /** The time was over; the connection is cut. */
  onSilent(): void;
}

/**
 * Looks at how a connection begins and says whether it is HTTP/2's preface (RFC 9113 §3.4). The bytes are put back, so that
 * whoever takes the socket over reads all of it. A connection that says nothing within `timeoutMs` is cut, as is one
 * that ends before.
 */
export function sniff(socket: Duplex, timeoutMs: number, sniffed: Sniffed): void {
  let head: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => {
    sniffed.onSilent();
    socket.destroy();
  }, timeoutMs).unref();
  const settle = (): void => {
    clearTimeout(timer);
    socket.off("readable", look);
    socket.off("end", leave);
    socket.off("close", settle);
  };
  const leave = (): void => {
    settle();
    socket.destroy();
  };
  const look = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
    const length = Math.min(head.length, PREFACE.length);
    const agrees = head.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (agrees && length < PREFACE.length) return;
    settle();
    // Only now: bytes put back while this listens would be announced to it again, without end.
    socket.unshift(head);
    sniffed.onKnown(agrees);
  };
  socket.on("readable", look);
  socket.on("end", leave);
  socket.on("close", settle);
}
