import type { Bytes, NodeId, PeerLink, StartId } from "@quorate/kernel/core";

/** A node as the network sees it: someone who may be there, in some life. */
export interface Station {
  readonly id: NodeId;
  readonly name: string;
  /** Null while it is down. */
  readonly start: StartId | null;
  receive(from: NodeId, payload: Bytes): void;
  link(peer: NodeId, up: boolean): void;
}

/** Both directions between two stations, as long as a connection lasts. */
export interface Connection {
  open: boolean;
  /** One end is gone and the other was not told. */
  dead: boolean;
}

/** One direction between two stations: what is wrong with it, and what is under way on it. */
export class Wire {
  readonly from: Station;
  readonly to: Station;
  /** Faults that cut it, all of them now. */
  cuts = 0;
  /** Frames take so much longer. */
  slowMicros = 0;
  /** Frames that wait while it is clogged; null while it is not. */
  held: (() => void)[] | null = null;
  bytesUnderWay = 0;
  /** When the last frame arrives: a stream does not overtake itself. */
  lastArrival = 0;
  connection: Connection | null = null;
  /** The sender's end of the connection. */
  link: PeerLink | null = null;
  #back: Wire | null = null;
  #heals = 0;

  constructor(from: Station, to: Station) {
    this.from = from;
    this.to = to;
  }

  /** The other direction. */
  get back(): Wire {
    if (this.#back === null) throw new RangeError(`no way back from ${this.to.name}`);
    return this.#back;
  }

  join(back: Wire): void {
    this.#back = back;
    back.#back = this;
  }

  /** Cuts it until the returned function is called, or everything heals. */
  cut(): () => void {
    this.cuts++;
    let ended = false;
    const heals = this.#heals;
    return () => {
      if (!ended && heals === this.#heals) this.cuts--;
      ended = true;
    };
  }

  get isWhole(): boolean {
    return this.cuts === 0 && this.slowMicros === 0 && this.held === null;
  }

  heal(): void {
    this.#heals++;
    this.cuts = 0;
    this.slowMicros = 0;
  }
}
