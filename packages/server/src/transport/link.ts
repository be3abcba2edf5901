import type net from "node:net";
import {
  type Bytes,
  concat,
  FRAME_PAYLOAD_BYTES_MAX,
  FrameSplitter,
  type Lane,
  type NodeId,
  type PeerLink,
  type StartId,
} from "@quorate/kernel/core";
import type { TransportCounters, TransportEvent } from "./counters.ts";
import { Lanes } from "./lanes.ts";
import type { TransportLimits } from "./limits.ts";
import { Contest, type Verdict } from "./twin.ts";

/** A frame up to this size is copied into one write: cheaper than a vector of small ones. */
const JOIN_BYTES_MAX = 16 * 1024;

export interface LinkListener {
  /** The payload of a frame that was believed. It owns its memory. */
  onFrame(from: NodeId, payload: Bytes): void;
  /** Called once. The socket is destroyed; what waited is lost. */
  onClosed(link: SocketLink, reason: string): void;
}

/**
 * One connection to a peer after the hellos: `PeerLink` over a socket, with lanes before it. What it is given is
 * sent, or lost with the link, or dropped at a full lane; nobody is told which (A6).
 */
export class SocketLink {
  readonly peer: NodeId;
  readonly #life: StartId;
  readonly #socket: net.Socket;
  readonly #seals: PeerLink;
  readonly #limits: TransportLimits;
  readonly #counters: TransportCounters;
  readonly #listener: LinkListener;
  readonly #lanes: Lanes;
  readonly #splitter = new FrameSplitter();
  #closed = false;
  #frameSince: number | null = null;
  #receivedAt: number;
  #heardAt: number;
  #contest: Contest | null = null;
  #sentAt: number;
  #blockedSince: number | null = null;
  #paced: NodeJS.Timeout | null = null;

  constructor(
    peer: { readonly node: NodeId; readonly start: StartId },
    socket: net.Socket,
    seals: PeerLink,
    shared: { readonly limits: TransportLimits; readonly counters: TransportCounters },
    listener: LinkListener,
  ) {
    this.peer = peer.node;
    this.#life = peer.start;
    this.#socket = socket;
    this.#seals = seals;
    this.#limits = shared.limits;
    this.#counters = shared.counters;
    this.#listener = listener;
    this.#lanes = new Lanes(shared.limits);
    this.#receivedAt = this.#heardAt = this.#sentAt = performance.now();
  }

  /** The peer has said hello on another connection, in this life or another: whether that may replace this one. */
  verdict(caller: StartId): Verdict {
    if (caller === this.#life) return "successor";
    const now = performance.now();
    if (this.#contest?.caller !== caller) this.#contest = new Contest(caller, now);
    return this.#contest.verdict(this.#heardAt, now, this.#limits.keepAliveMillis);
  }

  /** Where the other end of the connection is. */
  get remote(): string {
    return `${this.#socket.remoteAddress}`;
  }

  /** Begins to read; `rest` came behind the peer's hello. */
  start(rest: Bytes): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Bytes) => this.#receive(chunk));
    socket.on("drain", () => {
      this.#blockedSince = null;
      this.flush();
    });
    socket.on("error", (error) => this.close(error.message));
    socket.on("close", () => this.close("the connection closed"));
    if (rest.length > 0) this.#receive(rest);
    socket.resume();
  }

  /** Queues a frame for the next `flush`. */
  send(lane: Lane, parts: readonly Bytes[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > FRAME_PAYLOAD_BYTES_MAX) {
      this.#counters.count("unsent.tooLarge");
      return;
    }
    if (!this.#lanes.put(lane, parts, length)) this.#counters.count("unsent.queueFull");
  }

  /** Writes what the socket takes without queueing it itself; the rest waits here, where priority still counts. */
  flush(): void {
    if (this.#closed || this.#socket.writableNeedDrain) return;
    const now = performance.now();
    this.#socket.cork();
    while (!this.#socket.writableNeedDrain) {
      const next = this.#lanes.take(now);
      if (next === null) break;
      this.#write(next.lane, next.parts);
      this.#sentAt = now;
    }
    this.#socket.uncork();
    if (this.#socket.writableNeedDrain) this.#blockedSince ??= now;
    else this.#pace(now);
  }

  /** Closes what is idle, stalled or too slow, and keeps a quiet link alive. */
  sweep(now: number): void {
    const { idleMillis, frameMillis, keepAliveMillis } = this.#limits;
    const slow = this.#frameSince !== null && now - this.#frameSince > frameMillis;
    const stalled = this.#blockedSince !== null && now - this.#blockedSince > idleMillis;
    if (now - this.#receivedAt > idleMillis) this.#give("closed.idle", "nothing was heard of it");
    else if (slow) this.#give("closed.slowFrame", "a frame took too long");
    else if (stalled) this.#give("closed.stalled", "it takes nothing");
    else if (now - this.#sentAt > keepAliveMillis) {
      this.send("control", []);
      this.flush();
    }
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#paced !== null) clearTimeout(this.#paced);
    this.#counters.count("unsent.linkDown", this.#lanes.clear());
    this.#socket.destroy();
    this.#listener.onClosed(this, reason);
  }

  #receive(chunk: Bytes): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#receivedAt = now;
    this.#counters.count("bytesReceived", chunk.length);
    let completed = false;
    const intact = this.#splitter.push(chunk, (frame) => {
      completed = true;
      return this.#open(frame);
    });
    if (!intact && !this.#closed)
      this.#give("closed.length", "it announced a frame of no valid length");
    if (!this.#splitter.midFrame) this.#frameSince = null;
    else if (completed || this.#frameSince === null) this.#frameSince = now;
  }

  /** False once the link is closed: what follows in the stream is not looked at. */
  #open(frame: Bytes): boolean {
    const opened = this.#seals.open(frame);
    if (opened.type === "dropped") {
      this.#counters.count(`dropped.${opened.reason}`);
      if (opened.close) this.#give("closed.frame", `a frame was dropped: ${opened.reason}`);
    } else {
      this.#counters.count("framesReceived");
      this.#heardAt = performance.now();
      if (opened.payload.length > 0) this.#listener.onFrame(this.peer, opened.payload);
    }
    return !this.#closed;
  }

  #write(lane: Lane, parts: readonly Bytes[]): void {
    const head = this.#seals.seal(lane, parts);
    let length = head.length;
    for (const part of parts) length += part.length;
    if (length <= JOIN_BYTES_MAX) this.#socket.write(concat([head, ...parts]));
    else {
      this.#socket.write(head);
      for (const part of parts) this.#socket.write(part);
    }
    this.#counters.count("framesSent");
    this.#counters.count("bytesSent", length);
  }

  /** One timer, only while the bulk lane waits for credit. */
  #pace(now: number): void {
    const wait = this.#lanes.bulkWaitMillis(now);
    if (wait === 0 || this.#paced !== null) return;
    this.#paced = setTimeout(() => {
      this.#paced = null;
      this.flush();
    }, wait);
  }

  #give(event: TransportEvent, reason: string): void {
    this.#counters.count(event);
    this.close(reason);
  }
}
