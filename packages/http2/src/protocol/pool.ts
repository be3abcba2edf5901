/**
 * Bytes that many hold together, under one bound. Whoever takes the last of it pushes out the one that holds the most (Wei, Coyle
 * and Hsiao, "An optimal buffer management policy for high-performance packet switching", 1991): who holds little is never
 * refused for what others hold, whoever came first.
 */
export class Pool {
  readonly #bytesMax: number;
  /** Those that hold anything. */
  readonly #holding = new Set<Share>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What nobody holds. */
  get room(): number {
    return this.#bytesMax - this.#bytes;
  }

  /** A share in the pool. `onPushedOut` lets go of all that it holds, before it returns. */
  join(onPushedOut: () => void): Share {
    return new Share(this, onPushedOut);
  }

  /** Only for its shares. */
  changed(share: Share, by: number): void {
    this.#bytes += by;
    if (share.bytes === 0) this.#holding.delete(share);
    else this.#holding.add(share);
    while (by > 0 && this.#bytes > this.#bytesMax) {
      const most = this.#most();
      if (most === null) return;
      const before = this.#bytes;
      most.onPushedOut();
      if (this.#bytes >= before) return;
    }
  }

  #most(): Share | null {
    let most: Share | null = null;
    for (const share of this.#holding) if (most === null || share.bytes > most.bytes) most = share;
    return most;
  }
}

/** What one of them holds. */
export class Share {
  readonly pool: Pool;
  readonly onPushedOut: () => void;
  #bytes = 0;

  constructor(pool: Pool, onPushedOut: () => void) {
    this.pool = pool;
    this.onPushedOut = onPushedOut;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** More is held, or less. It may be pushed out by that. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.pool.changed(this, bytes);
  }
}
