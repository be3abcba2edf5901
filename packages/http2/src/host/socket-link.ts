import type { Duplex } from "node:stream";
import type { Bytes, ListenerLimits, Phase, Pool, Share } from "../protocol/index.ts";

/** What a link drives: a `Connection`, whatever its streams belong to. */
export interface Machine {
  readonly phase: Phase;
  receive(chunk: Bytes, now: number): void;
  take(): readonly Bytes[];
  block(): void;
  unblock(): void;
  tick(now: number): void;
  disconnected(reason: string): void;
}

/**
 * When frames leave that were not caused by something just received: at the end of the running callback (`microtask`), after
 * all that the event loop has at hand (`immediate`), which gathers more into one write, or when whoever answers the calls says so: the
 * function gets what writes, once for all that waits, and must call it soon.
 */
export type Flush = "microtask" | "immediate" | ((write: () => void) => void);

/** How often links let time pass. */
export const TICK_MS = 1000;

/**
 * One socket and the state machine behind it. What a chunk causes is written once the chunk has been gone through,
 * anything else once for a turn of the event loop: one write for a connection and turn, however many calls it answers.
 */
export class SocketLink {
  readonly #socket: Duplex;
  readonly #machine: Machine;
  readonly #limits: ListenerLimits;
  readonly #onGone: () => void;
  readonly #schedule: (flush: () => void) => void;
  /** Where what the socket holds is counted. */
  readonly #share: Share | null;
  readonly #flushLater = (): void => this.flush();
  #receiving = false;
  #scheduled = false;
  #blockedAt: number | null = null;
  #endedAt: number | null = null;
  #isGone = false;

  constructor(
    socket: Duplex,
    machine: Machine,
    limits: ListenerLimits,
    flush: Flush,
    onGone: () => void,
    pool: Pool | null = null,
  ) {
    this.#share = pool?.join(() => this.destroy("the peer reads too little")) ?? null;
    this.#socket = socket;
    this.#machine = machine;
    this.#limits = limits;
    this.#onGone = onGone;
    this.#schedule = schedulerOf(flush);
    socket.on("data", (chunk: Bytes) => this.#onData(chunk));
    socket.on("drain", () => this.#onDrain());
    socket.on("error", (error: Error) => this.#gone(error.message));
    socket.on("end", () => this.#gone("the peer has closed the connection"));
    socket.on("close", () => this.#gone("the connection is closed"));
    this.flush();
  }

  /** The machine has something to send. */
  onOutput(): void {
    if (this.#receiving || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#flushLater);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#isGone) return;
    while (this.#blockedAt === null) {
      const chunks = this.#machine.take();
      if (chunks.length === 0) break;
      this.#write(chunks);
      this.#count();
      if (this.#isGone) return;
      if (this.#socket.writableLength <= this.#limits.socketBytesHigh) continue;
      this.#blockedAt = performance.now();
      this.#machine.block();
    }
    if (this.#machine.phase === "Closed") this.#end();
  }

  /** About once a second. */
  tick(now: number): void {
    const { stalledSocketMs, lingerMs } = this.#limits;
    const stalled = this.#blockedAt !== null && now - this.#blockedAt > stalledSocketMs;
    const lingers = this.#endedAt !== null && now - this.#endedAt > lingerMs;
    if (stalled || lingers) this.destroy("the peer takes nothing");
    else this.#machine.tick(now);
  }

  destroy(reason: string): void {
    this.#gone(reason);
    this.#socket.destroy();
  }

  #onData(chunk: Bytes): void {
    this.#receiving = true;
    this.#machine.receive(chunk, performance.now());
    this.#receiving = false;
    this.flush();
  }

  /** Little is not counted: of its leaving nobody would be told. */
  #count(): void {
    const { writableNeedDrain, writableLength, destroyed } = this.#socket;
    const held = writableNeedDrain && !destroyed && !this.#isGone ? writableLength : 0;
    if (this.#share !== null && held !== this.#share.bytes)
      this.#share.add(held - this.#share.bytes);
  }

  #onDrain(): void {
    this.#count();
    if (this.#blockedAt === null) return;
    this.#blockedAt = null;
    this.#receiving = true;
    this.#machine.unblock();
    this.#receiving = false;
    this.flush();
  }

  #write(chunks: readonly Bytes[]): void {
    const socket = this.#socket;
    if (chunks.length === 1) {
      socket.write(chunks[0] as Bytes);
      return;
    }
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
  }

  /**
   * What has been written still goes out, and after it why: a peer that has let much wait may just have begun to read. It has a
   * moment for that: cutting off now could destroy it on its way.
   */
  #end(): void {
    if (this.#endedAt !== null) return;
    if (this.#blockedAt !== null) {
      const last = this.#machine.take();
      if (last.length === 0) return this.destroy("closed while the peer took nothing");
      this.#write(last);
    }
    this.#endedAt = performance.now();
    this.#socket.end();
  }

  #gone(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#count();
    this.#machine.disconnected(reason);
    this.#socket.destroy();
    this.#onGone();
  }
}

function schedulerOf(flush: Flush): (write: () => void) => void {
  if (flush === "immediate") return setImmediate;
  return flush === "microtask" ? queueMicrotask : flush;
}
